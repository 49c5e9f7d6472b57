"""The server: gRPC in front of the engine."""

from gradwire_service.server.lifecycle import Options, Server, serve
from gradwire_service.server.process import run_process

__all__ = ["Options", "Server", "run_process", "serve"]
