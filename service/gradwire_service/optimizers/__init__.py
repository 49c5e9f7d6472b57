"""Optimizers: update rules as graphs, and schedules of the learning rate. Pure rules: nothing here runs anything."""

from collections.abc import Mapping, Sequence

from gradwire_service.optimizers.adam import Adam, AdamW
from gradwire_service.optimizers.adam_variants import Adamax, NAdam, RAdam
from gradwire_service.optimizers.adaptive import Adadelta, Adagrad, RmsProp
from gradwire_service.optimizers.averaged import Asgd
from gradwire_service.optimizers.base import Optimizer
from gradwire_service.optimizers.clipping import Clipping, Limited
from gradwire_service.optimizers.composed import Joined, Warmup
from gradwire_service.optimizers.configured import CatalogEntry, Hyperparameter, Setting
from gradwire_service.optimizers.cycles import CosineRestarts, Cyclic, OneCycle
from gradwire_service.optimizers.factored import Adafactor
from gradwire_service.optimizers.layerwise import Lamb, Lars
from gradwire_service.optimizers.plateau import Plateau
from gradwire_service.optimizers.schedules import (
    Constant,
    Cosine,
    Exponential,
    InverseSqrt,
    InverseTime,
    Linear,
    MultiStep,
    Polynomial,
    Schedule,
    Step,
)
from gradwire_service.optimizers.sgd import Sgd
from gradwire_service.optimizers.signs import Lion, Rprop, SignSgd
from gradwire_service.optimizers.spread import AdaBelief, Yogi
from gradwire_service.optimizers.state import OptimizerState, averaged, check_state, initial_state, slot_name
from gradwire_service.optimizers.update import Bounds, Group, Update


def optimizer(name: str, hyperparameters: Mapping[str, Setting]) -> Optimizer:
    """Make an optimizer; what is left out has its default.

    Raises: OptimizerUnknownError; HyperparameterError, or one error with all faults.
    """
    return Optimizer.named(name, hyperparameters)


def schedule(name: str, parameters: Mapping[str, Setting], parts: Sequence[Schedule] = ()) -> Schedule:
    """Make a schedule; what is left out has its default.

    Args:
        name: its name.
        parameters: its settings.
        parts: the schedules that it is made of, for those that are.

    Raises: OptimizerUnknownError; HyperparameterError, or one error with all faults.
    """
    found = Schedule.registry.get(name)
    if parts and found is not None and found.part_count == 0:
        raise found.fault("it is not made of other schedules; leave the parts out", "parts")
    return Schedule.named(name, parameters, **({"parts": tuple(parts)} if parts else {}))


__all__ = [
    "AdaBelief",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Asgd",
    "Bounds",
    "CatalogEntry",
    "Clipping",
    "Constant",
    "Cosine",
    "CosineRestarts",
    "Cyclic",
    "Exponential",
    "Group",
    "Hyperparameter",
    "InverseSqrt",
    "InverseTime",
    "Joined",
    "Lamb",
    "Lars",
    "Limited",
    "Linear",
    "Lion",
    "MultiStep",
    "NAdam",
    "OneCycle",
    "Optimizer",
    "OptimizerState",
    "Plateau",
    "Polynomial",
    "RAdam",
    "RmsProp",
    "Rprop",
    "Schedule",
    "Setting",
    "Sgd",
    "SignSgd",
    "Step",
    "Update",
    "Warmup",
    "Yogi",
    "averaged",
    "check_state",
    "initial_state",
    "optimizer",
    "schedule",
    "slot_name",
]
