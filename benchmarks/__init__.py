"""Benchmarks: ratios to peers and floors, each taken in one run. They never decide whether a test passes."""
