"""PyTorch's own autodiff: an oracle that shares no derivative rule with ours, and a peer to compare with.

A graph is evaluated block by block as a PyTorch program would be, and what PyTorch's autograd records of it is
differentiated there: `evaluation` walks the graph, `namespace` gives functions the names and habits of NumPy's,
`lowering` writes anew what an op's `evaluate` does in ways that tensors do not take. A block that PyTorch has nothing
for is refused by name.

It runs on the CPU, in the types of the graph, whatever defaults the program that embeds Gradwire has set. At kinks the
derivatives are PyTorch's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec

from gradwire_service.backend import Executable, Options, check_ends, check_scalar
from gradwire_service.graph import FLOAT32, FLOAT64, ElementType
from gradwire_service.ops.flat import FlatGraph


class TorchBackend:
    """Evaluates the graph on PyTorch's tensors, one call a block, and differentiates it by PyTorch's autograd.

    Attributes:
        gradient_tolerance: what gradients may be off by, as a fraction of the greatest: PyTorch's derivative of the
            digamma function is good for nine digits. The conformance suite reads it.
    """

    name = "torch"
    summary = "PyTorch's own autograd, run block by block: an independent oracle."
    gradient_tolerance: Mapping[ElementType, float] = {FLOAT64: 4e-9, FLOAT32: 4e-4}

    def __init__(self) -> None:
        """See that PyTorch is there. It is loaded with the first graph, since that takes seconds.

        Raises: ModuleNotFoundError.
        """
        if find_spec("torch") is None:
            raise ModuleNotFoundError("PyTorch is not installed; install it with: pip install 'gradwire[torch]'")

    def prepare(self, graph: FlatGraph) -> Executable:
        """Lay out the blocks; the executable raises UnsupportedByBackendError, naming the block, as all here."""
        from gradwire_backends.torch import evaluation

        return evaluation.values(graph)

    def prepare_gradients(self, graph: FlatGraph, of: str, wrt: Sequence[str], options: Options) -> Executable:
        """Differentiate in reverse mode, by `torch.autograd.grad`.

        Raises: NotScalarError, NotDifferentiableError.
        """
        check_scalar(graph, of)
        check_ends(graph, [of], wrt)
        from gradwire_backends.torch import evaluation

        return evaluation.gradients(graph, of, wrt)

    def prepare_jvp(self, graph: FlatGraph, of: Sequence[str], wrt: Sequence[str], options: Options) -> Executable:
        """Differentiate in forward mode, by `torch.autograd.forward_ad`.

        Raises: NotDifferentiableError.
        """
        check_ends(graph, of, wrt)
        from gradwire_backends.torch import evaluation

        return evaluation.tangents(graph, of, wrt)
