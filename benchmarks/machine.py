"""The machine, named, so that figures can be read."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("numpy", "numba", "llvmlite", "scipy", "grpcio", "protobuf", "networkx", "jax")


def described() -> str:
    """Return processor, cores, versions, and what is pinned that should not be."""
    lines = [f"- {_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"]
    lines.append(f"- Python {platform.python_version()}, " + ", ".join(filter(None, map(_version, PACKAGES))))
    if pinned := os.environ.get("OPENBLAS_CORETYPE"):
        lines.append(f"- OPENBLAS_CORETYPE is pinned to {pinned}: matrix products may be slower than they need to be")
    return "\n".join(lines)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def _version(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return ""
