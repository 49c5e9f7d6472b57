"""Searches: no gradients, but the losses of whole populations at once; and many starts of any method.

Nothing here knows how a graph is run: a search is handed a function from candidates to losses, or is asked and told.
"""

from gradwire_service.searches.base import Candidates, Search
from gradwire_service.searches.evolution import CmaEs
from gradwire_service.searches.genetic import Genetic
from gradwire_service.searches.multi_start import MultiStart, Run, multi_start
from gradwire_service.searches.random import LocalRandomSearch, RandomSearch
from gradwire_service.searches.running import Evaluate, begin, search
from gradwire_service.searches.space import Space

__all__ = [
    "Candidates",
    "CmaEs",
    "Evaluate",
    "Genetic",
    "LocalRandomSearch",
    "MultiStart",
    "RandomSearch",
    "Run",
    "Search",
    "Space",
    "begin",
    "multi_start",
    "search",
]
