"""Samples of ops that graphs made of graphs are tried on."""

from __future__ import annotations

import numpy as np

from gradwire_backends.testing import SAMPLES, Sample
from gradwire_service.ops import Composite, Elementwise, Op


def few_samples() -> list[Sample]:
    """Leave out composites and single precision; of each op, keep a sample for each set of attributes and ranks.

    Elementwise ops share one rule, so that one sample of each will do, and one for each set of ranks of `add`.
    """
    kept: dict[object, Sample] = {}
    for sample in SAMPLES:
        op = Op.registry[sample.op]
        is_single = any(x.dtype in (np.float32, np.int32) for x in sample.inputs)
        if not is_single and not issubclass(op, Composite):
            ranks = tuple(x.ndim for x in sample.inputs)
            is_one = issubclass(op, Elementwise) and sample.op != "add"
            kept.setdefault((sample.op, "" if is_one else (ranks, str(sample.attributes), sample.result)), sample)
    return list(kept.values())
