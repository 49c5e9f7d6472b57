"""The composites of the library, written with ops; importing this package registers them."""

from gradwire_service.blocks import linear_algebra, losses, norms, products, softmax, statistics

__all__ = ["linear_algebra", "losses", "norms", "products", "softmax", "statistics"]
