"""The kinds of work, a module each: what is asked of us, and what the others do for the same numbers."""

from benchmarks.contender import Kind
from benchmarks.kinds import logistic

KINDS: dict[str, Kind] = {kind.name: kind for kind in (logistic.KIND,)}
