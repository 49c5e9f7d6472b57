"""CatalogService: what the server has and is."""

from __future__ import annotations
