"""Resident sizes of this process, as Linux counts them."""

from __future__ import annotations

from pathlib import Path

STATUS, REFERENCES = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def resident() -> int:
    """Return the resident size, in bytes; 0 where the system does not tell."""
    return _status("VmRSS:")


def peak_resident() -> int:
    """Return the largest resident size since `reset_peak`, in bytes."""
    return _status("VmHWM:")


def reset_peak() -> None:
    """Forget the largest resident size."""
    if REFERENCES.exists():
        REFERENCES.write_text("5")


def _status(word: str) -> int:
    if not STATUS.exists():
        return 0
    line = next(x for x in STATUS.read_text().splitlines() if x.startswith(word))
    return int(line.split()[1]) * 1024
