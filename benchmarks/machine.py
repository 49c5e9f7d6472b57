"""The machine, named, so that figures can be read."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("numpy", "numba", "llvmlite", "scipy", "grpcio", "protobuf", "networkx")
PEERS = ("jax", "torch", "pytensor", "numba", "casadi", "autograd", "numpy")

VERSIONS = """
import importlib.metadata, sys
for name in sys.argv[1:]:
    try: print(name, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError: pass
"""


def described(peers_python: str, pinned: Sequence[str]) -> str:
    """Return processor, cores, versions, and what is pinned that should not be.

    Args:
        peers_python: the interpreter that has the peers.
        pinned: environment variables that contenders do without.
    """
    lines = [f"- {_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"]
    lines.append(f"- ours: Python {platform.python_version()}, " + ", ".join(filter(None, map(_version, PACKAGES))))
    lines.append(f"- peers: {_printed(peers_python, '-c', VERSIONS, *PEERS) or 'none'}")
    lines.append(f"- C: {_printed('gcc', '--version') or 'there is no gcc'}")
    for name in pinned:
        if value := os.environ.get(name):
            text = f"- {name} is set to {value} here: matrix products may be slower than they need to be"
            lines.append(f"{text}; contenders run without it")
    return "\n".join(lines)


def _printed(*command: str) -> str:
    """Return the lines that a command prints, up to an empty one; "" when it fails."""
    try:
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.partition("\n\n")[0]
    except (OSError, subprocess.CalledProcessError):
        return ""
    return ", ".join(lines.splitlines()[:1] if command[0] == "gcc" else lines.splitlines())


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
