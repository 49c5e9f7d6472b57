"""Fixed limits, in one place. Passing one is an error with reason LIMIT_EXCEEDED, never a crash."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one request may ask for.

    Attributes:
        blocks: blocks of a graph, composites expanded.
        inputs: inputs of one block.
        attributes: attributes of one block.
        rank: axes of a value.
        composites: composites of a graph, nested ones included.
        depth: composites inside composites.
        elements: elements of one value.
        bytes: memory of all values of a run, in bytes, an upper estimate.
        flops: floating-point operations of one run, an estimate.
        wrt: values that one query differentiates with respect to.
        matrices: matrices that one query for a Jacobian or Hessian returns, one for each pair of values.
        derivatives: entries of all of them together.
        trips: steps of one loop.
        queries: queries of one request.
        graphs: registered graphs that are kept; the one unused for longest goes first.
        programs: prepared programs that are kept.
        program_bytes: memory of the constants in programs that are kept, in bytes.
        stored_bytes: memory of the tensors that clients stored, in bytes.
        message_bytes: size of one message, in bytes.
        structure_bytes: size of one message without the elements of its tensors, in bytes.
        running_jobs: training jobs that make steps at one time; others wait for their turn.
        open_jobs: training jobs that have not ended.
        job_bytes: disk space of all training jobs, in bytes.
        job_events: reports of one training job that are kept; the oldest go first.
        job_event_bytes: size of all of them, in bytes.
        checkpoints: checkpoints of one training job that are kept.
    """

    blocks: int = 50_000
    inputs: int = 256
    attributes: int = 32
    rank: int = 8
    composites: int = 256
    depth: int = 16
    elements: int = 2**27
    bytes: int = 4 * 2**30
    flops: int = 10**12
    wrt: int = 1024
    matrices: int = 2**16
    derivatives: int = 2**24
    trips: int = 1_000_000
    queries: int = 64
    graphs: int = 512
    programs: int = 512
    program_bytes: int = 2**30
    stored_bytes: int = 2 * 2**30
    message_bytes: int = 256 * 2**20
    structure_bytes: int = 4 * 2**20
    running_jobs: int = 2
    open_jobs: int = 64
    job_bytes: int = 16 * 2**30
    job_events: int = 100_000
    job_event_bytes: int = 64 * 2**20
    checkpoints: int = 3


LIMITS = Limits()
