"""The server: gRPC in front of the engine."""

from gradwire_service.server.lifecycle import Options, Server, serve

__all__ = ["Options", "Server", "serve"]
