"""How to reach a server: address, encryption, token, and gRPC's own settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import grpc

OPTIONS: Sequence[tuple[str, int]] = (
    ("grpc.max_send_message_length", -1),  # the server tells its limit, and what to do about it
    ("grpc.max_receive_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 100),  # in step with our own retries
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.enable_retries", 0),  # ours know which calls may be repeated, and start an embedded server again
    ("grpc.use_local_subchannel_pool", 1),
)

HEALTH = "/grpc.health.v1.Health/Check"
SERVING = b"\x08\x01"
"""The answer of `HEALTH` of a server that is ready."""


@dataclass(frozen=True)
class TLS:
    """Encryption, and how the two ends know each other.

    Attributes:
        certificates: file with the certificates to trust, in PEM; None: those that gRPC trusts.
        certificate, key: files with the client's own certificate and key, in PEM, for servers that ask for them.
        server_name: name that the server's certificate bears, when it is not that of the address.
    """

    certificates: str | Path | None = None
    certificate: str | Path | None = None
    key: str | Path | None = None
    server_name: str = ""

    def credentials(self) -> grpc.ChannelCredentials:
        """Return them as gRPC has them."""
        trusted, certificate, key = (
            None if path is None else Path(path).read_bytes()
            for path in (self.certificates, self.certificate, self.key)
        )
        return grpc.ssl_channel_credentials(trusted, key, certificate)


@dataclass(frozen=True)
class Target:
    """Where a server is, and how to speak to it.

    Attributes:
        address: ``host:port``, or ``unix:path``.
        token: what calls bear to tell who they are; empty: nothing.
        tls: how calls are encrypted; None: not at all.
    """

    address: str
    token: str = ""
    tls: TLS | None = None

    @classmethod
    def of(cls, address: str, token: str | None, tls: TLS | bool | str | Path | None) -> Target:
        """Read what a user states.

        Args:
            address: ``host:port``, or ``unix:path``.
            token: what calls bear to tell who they are.
            tls: whether, or how, calls are encrypted; a path is that of the certificates to trust.

        Raises: ValueError for a token that would travel unencrypted to another machine, unless `tls` is False.
        """
        if isinstance(tls, str | Path):
            tls = TLS(tls)
        if token and tls is None and not is_local(address):
            raise ValueError(
                f"the token would travel unencrypted to {address}; say tls=True, or tls=False if that is meant"
            )
        return cls(address, token or "", (TLS() if tls is True else None) if isinstance(tls, bool) else tls)

    @property
    def options(self) -> list[tuple[str, int | str]]:
        """Settings of gRPC."""
        name = self.tls.server_name if self.tls else ""
        return [*OPTIONS, *([("grpc.ssl_target_name_override", name)] if name else [])]

    @property
    def metadata(self) -> tuple[tuple[str, str], ...] | None:
        """What every call bears."""
        return (("authorization", f"Bearer {self.token}"),) if self.token else None


def is_local(address: str) -> bool:
    """Tell whether an address is on this machine."""
    if address.startswith("unix"):
        return True
    host = address.rpartition(":")[0].removeprefix("[").removesuffix("]")
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
