"""Functions that generated source calls, each without a branch, so that LLVM runs them in vector lanes.

Imported by the compiler alone.
"""
