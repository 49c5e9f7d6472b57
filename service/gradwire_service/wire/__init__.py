"""protobuf ↔ graphs, arrays, queries, answers, errors: beside `server`, the only package that knows protobuf."""

from gradwire_service.wire.graphs import decode_graph, encode_graph, read_graph
from gradwire_service.wire.status import encode_status
from gradwire_service.wire.tensors import decode_tensor, decode_tensors, encode_tensor, encode_tensors

__all__ = [
    "decode_graph",
    "decode_tensor",
    "decode_tensors",
    "encode_graph",
    "encode_status",
    "encode_tensor",
    "encode_tensors",
    "read_graph",
]
