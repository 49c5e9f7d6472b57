"""Optimizers: update rules as graphs, and schedules of the learning rate. Pure rules: nothing here runs anything."""

from collections.abc import Mapping

from gradwire_service.optimizers.adam import Adam, AdamW
from gradwire_service.optimizers.adaptive import Adagrad, RmsProp
from gradwire_service.optimizers.base import Optimizer
from gradwire_service.optimizers.configured import CatalogEntry, Hyperparameter, Setting
from gradwire_service.optimizers.schedules import Constant, Cosine, Exponential, InverseTime, Schedule, Step
from gradwire_service.optimizers.sgd import Sgd
from gradwire_service.optimizers.state import OptimizerState, check_state, initial_state, slot_name


def optimizer(name: str, hyperparameters: Mapping[str, Setting]) -> Optimizer:
    """Make an optimizer; what is left out has its default.

    Raises: OptimizerUnknownError; HyperparameterError, or one error with all faults.
    """
    return Optimizer.named(name, hyperparameters)


def schedule(name: str, parameters: Mapping[str, Setting]) -> Schedule:
    """Make a schedule; what is left out has its default.

    Raises: OptimizerUnknownError; HyperparameterError, or one error with all faults.
    """
    return Schedule.named(name, parameters)


__all__ = [
    "Adagrad",
    "Adam",
    "AdamW",
    "CatalogEntry",
    "Constant",
    "Cosine",
    "Exponential",
    "Hyperparameter",
    "InverseTime",
    "Optimizer",
    "OptimizerState",
    "RmsProp",
    "Schedule",
    "Setting",
    "Sgd",
    "Step",
    "check_state",
    "initial_state",
    "optimizer",
    "schedule",
    "slot_name",
]
