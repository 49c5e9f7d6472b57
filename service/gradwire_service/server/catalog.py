"""CatalogService: what the server has and is."""

from __future__ import annotations

import os
import platform
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from typing import TypeVar

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.timestamp_pb2 import Timestamp

from gradwire import v1 as pb
from gradwire_service.backend import discover
from gradwire_service.engine import Engine
from gradwire_service.errors import InvalidRequestError
from gradwire_service.limits import LIMITS
from gradwire_service.ops.base import Op
from gradwire_service.optimizers import Schedule
from gradwire_service.server.calls import Call
from gradwire_service.wire.catalog import encode_backend, encode_op, encode_optimizers, encode_schedule
from gradwire_service.wire.evaluation import QUERY_KINDS

T = TypeVar("T")
PageRequest = pb.ListOpsRequest | pb.ListBackendsRequest | pb.ListOptimizersRequest

_LIBRARIES = ("numpy", "scipy", "networkx", "numba", "llvmlite", "grpcio", "protobuf")


class CatalogServicer:
    """Lists ops, backends and optimizers, and tells about the server."""

    def __init__(self, engine: Engine, servicers: Mapping[ServiceDescriptor, object]) -> None:
        """Begin.

        Args:
            engine: tells the default backend.
            servicers: everything that is served, by service.
        """
        self.engine = engine
        self.servicers = servicers
        self.instance_id = secrets.token_hex(8)
        self.start_time = Timestamp()
        self.start_time.GetCurrentTime()

    async def ListOps(self, request: pb.ListOpsRequest, call: Call) -> pb.ListOpsResponse:
        ops = [op for _, op in sorted(Op.registry.items()) if not op.internal]
        page, token = page_of(ops, request, lambda op: op.name)
        return pb.ListOpsResponse(ops=map(encode_op, page), next_page_token=token)

    async def ListBackends(self, request: pb.ListBackendsRequest, call: Call) -> pb.ListBackendsResponse:
        page, token = page_of(list(discover().values()), request, lambda found: found.name)
        default = self.engine.default.backend
        backends = [encode_backend(found, default) for found in page]
        return pb.ListBackendsResponse(backends=backends, next_page_token=token)

    async def ListOptimizers(self, request: pb.ListOptimizersRequest, call: Call) -> pb.ListOptimizersResponse:
        page, token = page_of(encode_optimizers(), request, lambda optimizer: optimizer.name)
        schedules = () if request.page_token else Schedule.catalog()
        return pb.ListOptimizersResponse(
            optimizers=page, schedules=map(encode_schedule, schedules), next_page_token=token
        )

    async def GetServerInfo(self, request: pb.GetServerInfoRequest, call: Call) -> pb.GetServerInfoResponse:
        return pb.GetServerInfoResponse(
            version=_version("gradwire"),
            api_versions=["gradwire.v1"],
            library_versions={"python": platform.python_version()} | {name: _version(name) for name in _LIBRARIES},
            limits={field.name: getattr(LIMITS, field.name) for field in fields(LIMITS)},
            methods=[
                f"{service.full_name}/{method.name}"
                for service, servicer in self.servicers.items()
                for method in service.methods
                if hasattr(servicer, method.name)
            ],
            query_kinds=QUERY_KINDS,
            instance_id=self.instance_id,
            start_time=self.start_time,
            cpu_count=len(os.sched_getaffinity(0)),
        )


def page_of(items: Sequence[T], request: PageRequest, key: Callable[[T], str]) -> tuple[Sequence[T], str]:
    """Return the page that a request asks for, and where the next one begins; empty on the last page.

    Args:
        items: all items, sorted by key.
        request: has a size of the page and where it begins.
        key: name of an item, by which pages begin.

    Raises: InvalidRequestError for a beginning that no response had, or a negative size.
    """
    start = 0
    if request.page_token:
        names = [key(item) for item in items]
        if request.page_token not in names:
            text = "no response had this page token; take `next_page_token` as it came, or begin without one"
            raise InvalidRequestError(text, field="page_token")
        start = names.index(request.page_token)
    if request.page_size < 0:
        raise InvalidRequestError(f"a page of {request.page_size} items can't be made; 0 is all", field="page_size")
    stop = start + request.page_size if request.page_size else len(items)
    return items[start:stop], key(items[stop]) if stop < len(items) else ""


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
