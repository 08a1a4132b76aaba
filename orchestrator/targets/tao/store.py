"""Where a signed address may lead.

Whoever answers for the remote writes that address. If it were followed blindly they could have this machine ask what
they cannot reach themselves: its own services, those of the house, or those that a cloud keeps for its machines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from yarl import URL

from orchestrator.edges.addresses import Address, Reach, addresses_of, is_loopback, reach_of
from orchestrator.errors import Garbled
from orchestrator.targets.tao.answers import RESULT

_HOST = re.compile(r"(?=.{1,254}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?|[0-9A-Fa-f:.]{2,45}", re.ASCII)
_UNSEEN = re.compile(r"[\x00-\x20\x7f]")


@dataclass(frozen=True, slots=True)
class Stores:
    """To a host of the public network, unless the remote itself is one of the house or of this machine."""

    base_url: str
    hosts: Sequence[str] = ()
    """Names, and suffixes that begin with a dot, of the only ones; empty where any host will do."""

    async def way_to(self, address: str) -> tuple[Address, ...]:
        """What its host leads to, all of it allowed: a connection has to go there, and may not look for itself.

        Raises Unreachable, or Garbled, which shows the host at most: whoever has the rest gets the rows.
        """
        url, remote = _read(address), URL(self.base_url, encoded=True).raw_host or ""
        host = url.raw_host or ""
        if url.scheme != "https" and not (url.scheme == "http" and is_loopback(host) and is_loopback(remote)):
            raise Garbled(f"{RESULT}: the address to download from is not https")
        if self.hosts and not any(_is_of(host, allowed) for allowed in self.hosts):
            raise Garbled(f"{RESULT}: the address to download from is at {host}, which target.result_hosts leaves out")
        found = await addresses_of(host)
        reaches = set(map(reach_of, found))
        if reaches != {Reach.PUBLIC} and not reaches <= await _reaches_beside(remote):
            raise Garbled(f"{RESULT}: the address to download from is at {host}, which is not a public host")
        return found


def _read(address: str) -> URL:
    """As the library reads it that will follow it: two readings of one address are two addresses."""
    try:
        url = URL(address, encoded=True)
        is_one = bool(url.port and _HOST.fullmatch(url.raw_host or "") and not _UNSEEN.search(address))
    except ValueError:  # of the port, which is looked at only when it is asked for
        is_one = False
    if not is_one:
        raise Garbled(f"{RESULT}: the address to download from is none")
    if "@" in url.raw_authority:
        raise Garbled(f"{RESULT}: the address to download from names a user")
    return url


def _is_of(host: str, allowed: str) -> bool:
    name = host.lower().rstrip(".")
    return name.endswith(allowed) if allowed.startswith(".") else name == allowed


async def _reaches_beside(remote: str) -> set[Reach]:
    """What a remote that is there can be trusted with: no more than what is as near as itself."""
    own = set(map(reach_of, await addresses_of(remote)))
    if Reach.PUBLIC in own:
        return {Reach.PUBLIC}
    return {Reach.PUBLIC, Reach.INNER} | (own & {Reach.LOOPBACK} if len(own) == 1 else set())
