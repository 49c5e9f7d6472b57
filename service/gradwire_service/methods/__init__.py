"""Methods that own their loop, through SciPy, with Gradwire's derivatives.

Nothing here knows how a graph is run: a method is handed a function that answers queries at a point.
"""

from gradwire_service.methods.base import Method
from gradwire_service.methods.first_order import Bfgs, Cg, Lbfgs, Slsqp, Tnc
from gradwire_service.methods.least_squares import Dogbox, Lm, Trf
from gradwire_service.methods.objective import Ask
from gradwire_service.methods.record import Budget, Conditions, Generation, LocalMinimum, Solution
from gradwire_service.methods.running import solve
from gradwire_service.methods.second_order import NewtonCg, TrustConstr, TrustExact, TrustNcg
from gradwire_service.methods.vectors import BoundsOf, Box, Packing

__all__ = [
    "Ask",
    "Bfgs",
    "BoundsOf",
    "Box",
    "Budget",
    "Cg",
    "Conditions",
    "Dogbox",
    "Generation",
    "Lbfgs",
    "Lm",
    "LocalMinimum",
    "Method",
    "NewtonCg",
    "Packing",
    "Slsqp",
    "Solution",
    "Tnc",
    "Trf",
    "TrustConstr",
    "TrustExact",
    "TrustNcg",
    "solve",
]
