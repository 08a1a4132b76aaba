"""Host names, the addresses behind them, and how far an address reaches."""

from __future__ import annotations

import enum
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

import aiohttp
import anyio
from aiohttp.abc import AbstractResolver, ResolveResult

from orchestrator.errors import Unreachable

Address: TypeAlias = IPv4Address | IPv6Address

PATIENCE = 10.0
"""Seconds for a name to be looked up."""

_INNER = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")))
_GIVEN_OUT = IPv6Network("2000::/3")
"""All that hosts of the public network can have so far."""
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""IPv4 addresses as a network without IPv4 writes them."""


class Reach(enum.Enum):
    """Whose host an address can be."""

    PUBLIC = enum.auto()
    INNER = enum.auto()
    """Of a network of some house."""
    LOOPBACK = enum.auto()
    NOBODY = enum.auto()
    """No host that serves others: of the link only, where clouds keep their metadata, of many at once, or of none."""


def reach_of(address: Address) -> Reach:
    """An IPv4 address is what it is in every form that IPv6 has for it."""
    if isinstance(address, IPv6Address):
        wrapped = address.ipv4_mapped or address.sixtofour
        if wrapped is None and address in _TRANSLATED:
            wrapped = IPv4Address(int(address) & 0xFFFFFFFF)
        if wrapped is not None:
            return reach_of(wrapped)
    if address.is_loopback:
        return Reach.LOOPBACK
    if any(address in network for network in _INNER):
        return Reach.INNER
    is_one = address.is_global and not address.is_multicast and (address.version == 4 or address in _GIVEN_OUT)
    return Reach.PUBLIC if is_one else Reach.NOBODY


def is_loopback(host: str) -> bool:
    """By its text alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def addresses_of(host: str) -> tuple[Address, ...]:
    """At least one. Raises Unreachable."""
    try:
        with anyio.fail_after(PATIENCE):
            found = await anyio.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise Unreachable(f"{host}: the host name is not known. Check the address and the network.")
    return tuple(dict.fromkeys(ip_address(where[0]) for *_, where in found))


class Resolver(aiohttp.ThreadedResolver):
    """Says of a name that cannot be one what it says of a name that nobody has."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        try:
            return await super().resolve(host, port, family)
        except UnicodeError:
            raise socket.gaierror(socket.EAI_NONAME, "not a host name") from None


class Pins(AbstractResolver):
    """Names lead where somebody has looked before, so no other answer of a name server can come in between."""

    def __init__(self) -> None:
        self._known: dict[str, Sequence[Address]] = {}

    def pin(self, host: str, addresses: Sequence[Address]) -> None:
        self._known[host] = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [_resolved(host, port, address) for address in self._known.get(host, ())]

    async def close(self) -> None:
        """There is nothing to close."""


def _resolved(host: str, port: int, address: Address) -> ResolveResult:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    return ResolveResult(
        hostname=host, host=str(address), port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST
    )
