"""Where a signed address may lead: not into the house of whoever follows it, unless the remote is there as well."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrator.config import load
from orchestrator.edges import addresses
from orchestrator.edges.addresses import Address
from orchestrator.errors import ConfigError, Garbled, Unreachable
from orchestrator.targets.tao.store import Stores
from targets.tao.place import REFERENCE, tao_at
from targets.wire import Request, answer, as_json

NAMES = {
    "tao.example.com": ["93.184.216.34"],
    "store.example.com": ["93.184.216.40", "2606:2800:220:1::40"],
    "inner.example.com": ["10.0.0.5"],
    "both.example.com": ["93.184.216.40", "10.0.0.5"],
    "here.example.com": ["127.0.0.1"],
    "metadata.example.com": ["169.254.169.254"],
    "translated.example.com": ["64:ff9b::8.8.8.8"],
    "tao.inner.example.com": ["10.0.0.9"],
    "localhost": ["::1", "127.0.0.1"],
}
PUBLIC, HOUSE, HERE = "https://tao.example.com", "https://tao.inner.example.com", "http://127.0.0.1:8080"


def names_lead(monkeypatch: pytest.MonkeyPatch, names: Mapping[str, list[str]] = NAMES) -> list[str]:
    """By this list alone; what was asked for."""
    asked: list[str] = []
    look_up = asyncio.get_running_loop().getaddrinfo

    async def known(host: bytes | str | None, port: object, **how: object) -> object:
        name = host.decode() if isinstance(host, bytes) else str(host)
        asked.append(name)
        try:
            return [
                each
                for at in names[name.lower().rstrip(".")]
                for each in await look_up(at, None, type=socket.SOCK_STREAM)
            ]
        except KeyError:
            return await look_up(name, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", known)
    return asked


async def way(remote: str, address: str, *hosts: str) -> list[str]:
    return [str(found) for found in await Stores(remote, hosts).way_to(address)]


OPEN = [
    (PUBLIC, "https://store.example.com/canary?sig=1"),
    (PUBLIC, "https://STORE.example.com./canary"),
    (PUBLIC, "https://93.184.216.40/canary"),
    (PUBLIC, "https://[2606:2800:220:1::40]:8443/canary"),
    (PUBLIC, "https://[::ffff:93.184.216.40]/canary"),
    (PUBLIC, "https://translated.example.com/canary"),
    (HOUSE, "https://store.example.com/canary"),
    (HOUSE, "https://inner.example.com/canary"),
    (HOUSE, "https://192.168.1.1/canary"),
    (HOUSE, "https://[fd00::1]/canary"),
    (HERE, "http://127.0.0.1:9000/canary"),
    (HERE, "http://localhost:9000/canary"),
    (HERE, "http://[::1]:9000/canary"),
    (HERE, "https://here.example.com/canary"),
    (HERE, "https://10.0.0.5/canary"),
    (HERE, "https://store.example.com/canary"),
]


@pytest.mark.parametrize(("remote", "address"), OPEN)
async def test_a_store_may_be_public_or_as_near_as_the_remote_is(
    monkeypatch: pytest.MonkeyPatch, remote: str, address: str
) -> None:
    names_lead(monkeypatch)

    assert await way(remote, address)


CLOSED = [
    *(
        (PUBLIC, f"https://{host}/canary")
        for host in (
            "169.254.169.254", "10.0.0.5", "172.16.0.1", "192.168.1.1", "100.64.0.1", "127.0.0.1", "127.1.2.3",
            "0.0.0.0", "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "2130706433", "0x7f.1", "0177.0.0.1",
            "localhost", "localhost.", "LOCALHOST", "inner.example.com", "both.example.com", "here.example.com",
            "metadata.example.com", "127.1",
            "[::1]", "[::]", "[fe80::1]", "[fd00::1]", "[ff0e::1]", "[fec0::1]", "[2001:db8::1]",
            "[::ffff:10.0.0.5]", "[::ffff:169.254.169.254]", "[::10.0.0.5]", "[64:ff9b::10.0.0.5]",
            "[64:ff9b:1::10.0.0.5]", "[2002:a00:5::1]", "[::ffff:7f00:1]",
        )
    ),
    *((HOUSE, f"https://{host}/canary") for host in ("127.0.0.1", "localhost", "[::1]", "169.254.169.254", "0.0.0.0")),
    *((HERE, f"https://{host}/canary") for host in ("169.254.169.254", "metadata.example.com", "[fe80::1]", "0.0.0.0")),
    (PUBLIC, "http://store.example.com/canary"),
    (PUBLIC, "http://localhost:6379/canary"),
    (PUBLIC, "http://127.0.0.1/canary"),
    (HOUSE, "http://inner.example.com/canary"),
    (HERE, "http://here.example.com/canary"),
    (PUBLIC, "https://user:canary@store.example.com/"),
    (PUBLIC, "https://canary@store.example.com/"),
    (PUBLIC, "https://@store.example.com/canary"),
    (PUBLIC, "https://:@store.example.com/canary"),
    (PUBLIC, "https://store.example.com@127.0.0.1/canary"),
    (PUBLIC, "https://store.example.com\\@127.0.0.1/canary"),
    (PUBLIC, "https://store.example.com%2f@127.0.0.1/canary"),
    (PUBLIC, "https://store.exam\tple.com/canary"),
    (PUBLIC, "https://\u0455tore.example.com/canary"),
    (PUBLIC, "https://store\u3002example.com/canary"),
    (PUBLIC, "https://[fe80::1%25eth0]/canary"),
]  # fmt: skip


@pytest.mark.parametrize(("remote", "address"), CLOSED)
async def test_no_signed_address_leads_into_the_house_of_whoever_follows_it_or_is_shown(
    monkeypatch: pytest.MonkeyPatch, remote: str, address: str
) -> None:
    names_lead(monkeypatch)
    with pytest.raises(Garbled) as caught:
        await way(remote, address)

    assert "canary" not in str(caught.value)
    assert str(caught.value).isprintable()


async def test_only_the_hosts_that_are_named_are_asked_where_some_are(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = names_lead(monkeypatch)
    for host in ("store.example.com", ".example.com"):
        assert await way(PUBLIC, "https://Store.example.com./x", host)
    asked.clear()
    for host in ("other.example.com", "example.com", ".store.example.com", ".xample.org", "ore.example.com"):
        with pytest.raises(Garbled, match=r"target\.result_hosts leaves out"):
            await way(PUBLIC, "https://store.example.com/canary", host)

    assert asked == [], "what is left out is not even looked up"


async def test_a_host_that_is_named_may_be_in_no_house_either(monkeypatch: pytest.MonkeyPatch) -> None:
    names_lead(monkeypatch)
    with pytest.raises(Garbled, match=r"at inner\.example\.com, which is not a public host"):
        await way(PUBLIC, "https://inner.example.com/canary", "inner.example.com")


async def test_a_host_that_nobody_knows_or_that_takes_too_long_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    names_lead(monkeypatch)
    with pytest.raises(Unreachable, match="is not known"):
        await way(PUBLIC, "https://nowhere.example.com/canary")

    async def hangs(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", hangs)
    monkeypatch.setattr(addresses, "PATIENCE", 0.05)
    with pytest.raises(Unreachable):
        await way(PUBLIC, "https://store.example.com/canary")


async def test_the_connection_goes_to_the_address_that_was_looked_at_whatever_the_name_says_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that answers otherwise the second time would open any door that the look at it had closed."""
    found = answer(200, "user_username,status\r\n", kind="text/csv")

    def signed(_: Request) -> bytes:
        return as_json({"signedUrl": f"http://localhost:{server.url.rpartition(':')[2]}/store/x.csv"})

    async with tao_at(tmp_path, signed, found) as (stand, server):
        names = {"localhost": ["127.0.0.1"]}
        asked = names_lead(monkeypatch, names)
        pinned: list[Address] = []
        way_to = Stores.way_to

        async def then_elsewhere(stores: Stores, address: str) -> tuple[Address, ...]:
            pinned.extend(at := await way_to(stores, address))
            names["localhost"] = ["127.0.0.2"]
            return at

        monkeypatch.setattr(Stores, "way_to", then_elsewhere)
        await stand.target.fetch(REFERENCE, "result")

        assert [request.target for request in server.requests][1:] == ["/store/x.csv"]
    assert list(map(str, pinned)) == ["127.0.0.1"]
    assert asked.count("localhost") == 1


async def test_a_service_of_this_machine_is_not_asked_for_a_remote_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names_lead(monkeypatch)

    def signed(_: Request) -> bytes:
        return as_json({"signedUrl": f"{server.url}/internal?delete=all"})

    async with tao_at(tmp_path, signed, answer(200, "secret", kind="text/csv")) as (stand, server):
        way_to = Stores.way_to

        async def from_elsewhere(stores: Stores, address: str) -> tuple[Address, ...]:
            return await way_to(Stores(PUBLIC, stores.hosts), address)

        monkeypatch.setattr(Stores, "way_to", from_elsewhere)
        with pytest.raises(Garbled):
            await stand.target.fetch(REFERENCE, "result")

        assert [request.target.partition("?")[0] for request in server.requests] == [f"/api/v1/download/{REFERENCE}"]


@pytest.mark.parametrize("hosts", ['["store.example.com"]', "store.example.com", '["Store.Example.com."]'])
def test_hosts_of_results_are_read_as_one_or_as_many(hosts: str) -> None:
    settings = load(None, environ={}, overrides=["target.kind=tao", f"target.result_hosts={hosts}"])

    assert settings.target.result_hosts == ("store.example.com",)  # type: ignore[union-attr]  # it is TAO's


@pytest.mark.parametrize(
    "host",
    ["https://store.example.com", "*.example.com", "store.example.com/x", ".", "", "a..b", "[::1]", "a b", "a:1"],
)
def test_what_is_no_host_name_is_no_host_of_results(host: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(None, environ={}, overrides=["target.kind=tao", f'target.result_hosts=["{host}"]'])

    (problem,) = caught.value.problems
    assert problem.startswith("--set target.result_hosts: ")
    assert "is no host name" in problem


async def test_results_come_from_the_hosts_that_the_configuration_names(tmp_path: Path) -> None:
    async with tao_at(
        tmp_path, lambda _: as_json({"signedUrl": f"{server.url}/x"}), answer(), result_hosts="store.example.com"
    ) as (stand, server):
        with pytest.raises(Garbled, match=r"target\.result_hosts leaves out"):
            await stand.target.fetch(REFERENCE, "result")
