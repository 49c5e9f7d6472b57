"""Control flow and the like: ops over bodies, whose derivatives are ops over bodies; importing it registers them."""

from gradwire_service.control import structure, vectorized
from gradwire_service.control.branching import Cond, Switch
from gradwire_service.control.custom import Checkpoint, CustomDerivative
from gradwire_service.control.implicit import FixedPoint, Minimizer, Root
from gradwire_service.control.loops import ForiLoop, Map
from gradwire_service.control.scan import Scan
from gradwire_service.control.steps import RK4Step
from gradwire_service.control.while_loop import WhileLoop

__all__ = [
    "Checkpoint",
    "Cond",
    "CustomDerivative",
    "FixedPoint",
    "ForiLoop",
    "Map",
    "Minimizer",
    "RK4Step",
    "Root",
    "Scan",
    "Switch",
    "WhileLoop",
    "structure",
    "vectorized",
]
