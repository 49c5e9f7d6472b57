"""The composites of the library, written with ops; importing this package registers them."""

from gradwire_service.blocks import losses, norms, softmax, statistics

__all__ = ["losses", "norms", "softmax", "statistics"]
