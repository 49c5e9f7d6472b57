"""What a backend, ours or a stranger's, is tried with."""

from gradwire_backends.testing.sample import Sample

__all__ = ["Sample"]
