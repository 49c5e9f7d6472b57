"""The stages of a graph on its way to kernels, as data that can be shown."""

from __future__ import annotations

from collections.abc import Iterable

from gradwire_backends.numba.kinds import Kind, runs_in_kernels
from gradwire_backends.numba.legalize import legalize
from gradwire_backends.numba.program import KernelProgram
from gradwire_backends.numba.schedule import WHOLE, Schedule, Step
from gradwire_service.backend import Buffer, ExplainedStep, Explanation
from gradwire_service.ops.base import Value
from gradwire_service.ops.flat import FlatGraph

_WORDS = {
    Kind.POINTWISE: "loop nest",
    Kind.ROUTINE: "routine",
    Kind.CONTROL: "bodies",
    Kind.HOST: "NumPy",
}


def explained(graph: FlatGraph, program: KernelProgram, state: str) -> Explanation:
    """Tell what a graph became.

    Args:
        graph: the graph, as the backend was given it.
        program: its kernels.
        state: what there is of their object code.
    """
    schedule = Schedule(legalize(graph, runs_in_kernels))
    functions = program.source.split("\n\n") if program.source else []
    return Explanation(
        route="kernels" if functions else "NumPy, for no step has a kernel form",
        state=state,
        blocks=len(graph.blocks),
        steps=_steps(schedule),
        buffers=_buffers(schedule),
        workspace=program.layout.workspace,
        functions=functions,
    )


def _labels(schedule: Schedule) -> dict[Value, str]:
    """Return what each value is called: as the client has it, as an output, or by op and place."""
    graph = schedule.graph
    labels = {value: value.name or f"{value.op.name}#{i}" for i, value in enumerate(graph.blocks)}
    labels |= {value: name for name, value in graph.outputs.items() if not value.name}
    return labels | {value: name for name, value in graph.variables.items()}


def _steps(schedule: Schedule) -> tuple[ExplainedStep, ...]:
    labels = _labels(schedule)

    def told(values: Iterable[Value]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(labels[value] for value in sorted(values, key=lambda value: value.serial)))

    return tuple(
        ExplainedStep(
            kind=_kind(step),
            loops=tuple(map(schedule.dimensions.size, step.space)),
            blocks=told(step.computed),
            reads=told(_read(schedule, step)),
            writes=told(_stored(schedule, step)),
            reason=f"{step.members[0].op.name} has no kernel form here" if step.kind is Kind.HOST else "",
            bodies=tuple(_steps(body) for value in step.members for body in schedule.bodies.get(value, ())),
        )
        for step in schedule.steps
    )


def _kind(step: Step) -> str:
    if step.kind is Kind.POINTWISE and not step.space:
        return "straight line"
    word = _WORDS[step.kind]
    return f"{word}: {step.members[0].op.name}" if step.kind in (Kind.ROUTINE, Kind.CONTROL) else word


def _read(schedule: Schedule, step: Step) -> set[Value]:
    """Return the values that a step reads from memory, those included of what it computes again."""
    if step.kind in WHOLE:
        found = {schedule.memory(x) for value in step.members for x in value.inputs}
    else:
        found, seen, todo = set(), set(step.computed), [*step.computed]
        while todo:
            for read in schedule.made_of(todo.pop()):
                at_hand = not read.apart and (schedule.home.get(read.root) is step or schedule.repeated(read.root))
                if not at_hand:
                    found.add(schedule.memory(read.root))
                elif read.root not in seen:
                    seen.add(read.root)
                    todo.append(read.root)
    return {value for value in found if schedule.kinds[value] is not Kind.NUMBER}


def _stored(schedule: Schedule, step: Step) -> set[Value]:
    stored = {value for value in step.computed if value in schedule.stored}
    return stored | {part for value in step.members for part in schedule.parts.get(value, {}).values()}


def _buffers(schedule: Schedule) -> tuple[Buffer, ...]:
    """Return the values that lie in memory, by the rule by which `memory` places them."""
    labels, outputs = _labels(schedule), set(schedule.graph.outputs.values())
    number = {step: i for i, step in enumerate(schedule.steps)}
    found = []
    for value in sorted(schedule.stored, key=lambda value: value.serial):
        touching = [schedule.home[value], *schedule.readers.get(value, ())]
        inside = value not in outputs and all(step.kind is not Kind.HOST for step in touching)
        first, last = number[schedule.home[value]], max(number[step] for step in touching)
        if value in outputs:
            last = len(schedule.steps) - 1
        found.append(Buffer(labels[value], value.type.bytes, inside, first, last))
    return tuple(found)
