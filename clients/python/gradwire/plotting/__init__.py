"""Pictures of training, by matplotlib: ``pip install matplotlib``.

>>> result.plot("loss.png")
>>> surface = gw.plotting.surface(service, graph, result, data)
>>> gw.plotting.descent(surface, result, "descent.png")

`training` draws loss and learning rate, `descent` the way of the parameters over the contours of the loss, `race` the
ways of several optimizers, `generations` the candidates of a search. Each returns a figure, and writes a file if it is
given a path.
"""

from gradwire.plotting.generations import generations
from gradwire.plotting.paths import descent, race
from gradwire.plotting.surface import Surface, surface
from gradwire.plotting.training import training

__all__ = ["Surface", "descent", "generations", "race", "surface", "training"]
