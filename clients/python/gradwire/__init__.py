"""Gradients over the wire: the Python client."""
