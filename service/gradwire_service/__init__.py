"""Gradwire's service: graphs, ops, differentiation, backends, optimizers, and the server in front of them."""

from gradwire_service.engine import Engine

__all__ = ["Engine"]
