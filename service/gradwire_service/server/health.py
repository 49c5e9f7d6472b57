"""grpc.health.v1: whether the server takes work. It answers while everything else is busy, and until the very end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

from grpc_health.v1 import health_pb2

from gradwire_service.errors import GradwireError
from gradwire_service.server.calls import Call
from gradwire_service.wire.status import shortened

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVICE_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN

SERVICE = health_pb2.DESCRIPTOR.services_by_name["Health"]


class ServiceUnknownError(GradwireError):
    """The health of a service was asked for that is not here."""

    reason = "NOT_IMPLEMENTED"
    code = "NOT_FOUND"


class HealthServicer:
    """Tells one status for the server and for all its services."""

    def __init__(self, services: Iterable[str]) -> None:
        """Begin as not serving.

        Args:
            services: full names of the services.
        """
        self._services = frozenset(["", *services])
        self._status = NOT_SERVING
        self._changed = asyncio.Event()

    def tell(self, status: int) -> None:
        """Set the status; who watches is told."""
        self._status = status
        self._changed.set()
        self._changed = asyncio.Event()

    async def Check(self, request: health_pb2.HealthCheckRequest, call: Call) -> health_pb2.HealthCheckResponse:
        if request.service not in self._services:
            text = f"there is no service {shortened(request.service, 128)!r} here; ask reflection for the names"
            raise ServiceUnknownError(text)
        return health_pb2.HealthCheckResponse(status=self._status)

    async def Watch(
        self, request: health_pb2.HealthCheckRequest, call: Call
    ) -> AsyncIterator[health_pb2.HealthCheckResponse]:
        known = request.service in self._services
        while True:
            changed = self._changed
            yield health_pb2.HealthCheckResponse(status=self._status if known else SERVICE_UNKNOWN)
            await changed.wait()
