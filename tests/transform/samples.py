"""Samples of ops that graphs made of graphs are tried on."""

from __future__ import annotations

import numpy as np

from gradwire_backends.testing import SAMPLES, Sample
from gradwire_service.ops import Composite, Op


def few_samples() -> list[Sample]:
    """Leave out composites and single precision; of each op, keep a sample for each set of attributes and ranks."""
    kept: dict[object, Sample] = {}
    for sample in SAMPLES:
        is_single = any(x.dtype in (np.float32, np.int32) for x in sample.inputs)
        if not is_single and not issubclass(Op.registry[sample.op], Composite):
            ranks = tuple(x.ndim for x in sample.inputs)
            kept.setdefault((sample.op, ranks, str(sample.attributes), sample.result), sample)
    return list(kept.values())
