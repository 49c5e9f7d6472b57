"""Minimizations by update rules as requests ask for them, whether a call waits for them or a training job does."""

from __future__ import annotations

from collections.abc import Iterator

from gradwire import v1 as pb
from gradwire_service.backend import Interrupt
from gradwire_service.engine import Engine
from gradwire_service.graph import Graph
from gradwire_service.library import Choice
from gradwire_service.training import Progress, Result, Snapshot
from gradwire_service.training.running import Keep
from gradwire_service.wire.evaluation import DecodeTensors
from gradwire_service.wire.optimization import decode_recipe, decode_state


def by_update_rule(
    engine: Engine,
    asked: pb.Minimization,
    graph: Graph,
    decode: DecodeTensors,
    choice: Choice,
    interrupt: Interrupt,
    resume: Snapshot | None = None,
    keep: Keep | None = None,
) -> Iterator[Progress | Result]:
    """Minimize by an update rule.

    Raises: what is wrong with the request, before the first step.
    """
    recipe = decode_recipe(asked, decode)
    return engine.minimize(
        graph,
        decode(asked.parameters, "minimization.parameters"),
        decode(asked.data, "minimization.data"),
        recipe,
        rows=tuple(asked.batching.row_variables) or None,
        state=decode_state(asked.state, decode, "minimization.state") if asked.HasField("state") else None,
        validation=decode(asked.validation_data, "minimization.validation_data") if asked.validation_data else None,
        loss=asked.loss,
        choice=choice,
        interrupt=interrupt,
        resume=resume and resume.fitted(recipe.optimizer),
        keep=keep,
    )
