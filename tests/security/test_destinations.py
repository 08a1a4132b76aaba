"""Secrets and rows go to the two places that the configuration names, and nowhere else (S-1, S-2, S-7, S-15)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from targets.remote import API_KEY, BEARER, TOKEN, UUID, Remote, assert_tells_no_secret, make_remote, remote_at
from targets.wire import Request, Server, answer, grant, scripted

from orchestrator.config import load
from orchestrator.edges.http import open_http
from orchestrator.errors import ConfigError, TargetError

USES: dict[str, Callable[[Remote], Awaitable[object]]] = {
    "token": lambda remote: remote.platform.sign_in(),
    "upload": lambda remote: remote.upload(),
    "poll": lambda remote: remote.platform.check(TOKEN),
    "result": lambda remote: remote.platform.fetch(TOKEN, "feedback"),
}
LOCATIONS = {
    "another port": "http://127.0.0.1:{port}/api/UploadData?sig=canary",
    "another host": "http://localhost:{port}/api/UploadData?sig=canary",
    "another address": "http://[::ffff:127.0.0.1]:{port}/?sig=canary",
    "a host that is only hinted at": "//127.0.0.1:{port}/api/UploadData?sig=canary",
    "a credential in the host": "http://user:canary@127.0.0.1:{port}/",
    "another scheme": "https://127.0.0.1:{port}/?sig=canary",
    "no web at all": "file:///etc/passwd?canary",
    "a path of the same server": "/elsewhere?sig=canary",
    "a relative path": "../elsewhere?sig=canary",
    "nothing": "",
    "what is no address": "http://[canary",
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_leads_anywhere(tmp_path: Path, status: int, use: str) -> None:
    async with scripted(answer(200, UUID), tokens=(grant(),)) as elsewhere:
        port = elsewhere.url.rpartition(":")[2]
        for location in LOCATIONS.values():
            moved = answer(
                status, "canary", f"Location: {location.format(port=port)}", f"Refresh: 0;url={elsewhere.url}"
            )
            tokens = (moved,) if use == "token" else (grant(BEARER),)
            async with scripted(moved, tokens=tokens) as server, remote_at(server, tmp_path) as remote:
                with pytest.raises(TargetError) as caught:
                    await USES[use](remote)

                assert [len(server.token_requests), len(server.requests)] == [1, use != "token"]
            assert_tells_no_secret(caught.value)
        assert elsewhere.connections == 0


HOSTILE_URLS = [
    "http://api.example.com",
    "http://10.0.0.1",
    "http://169.254.169.254/latest/meta-data",
    "http://0.0.0.0",
    "http://[::]",
    "http://[fe80::1]",
    "http://127.0.0.1.evil.example",
    "http://localhost.evil.example",
    "http://localhost@evil.example",
    "http://2130706433",
    "http://0x7f.1",
    "https://user@evil.example",
    "https://api.example.com@evil.example",
    "https://api.example.com:443@evil.example",
    "https://api.example.com\\@evil.example",
    "https://api.example.com%2f@evil.example",
    "https://api.example.com\t.evil.example",
    "https://api.example.com\r\nHost: evil.example",
    "https://аpi.example.com",
    "https://api。example.com",
    "https://api.example.com／.evil.example",
    "https://api.example.com?.evil.example",
    "https://api.example.com#.evil.example",
    "https:api.example.com",
    "https:/api.example.com",
    "//api.example.com",
    "ftp://api.example.com",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "unix:///run/socket",
]


@pytest.mark.parametrize("key", ["base_url", "token_url"])
@pytest.mark.parametrize("url", HOSTILE_URLS)
def test_no_address_is_taken_that_is_neither_https_nor_of_this_machine_or_hides_its_host(url: str, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(None, environ={}, overrides=[f"target.{key}={url}"])

    (problem,) = caught.value.problems
    assert problem.startswith(f"--set target.{key}: ")
    assert problem.isprintable()


async def test_the_token_of_one_remote_is_never_sent_to_another(tmp_path: Path) -> None:
    """Also when the identity server of one hands out what is meant for the other, and over one client."""
    async with AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(scripted(answer(200, UUID), tokens=(grant(f"token-for-{n}"),)))
            for n in range(2)
        ]
        http = await stack.enter_async_context(open_http(tmp_path))
        remotes = [make_remote(server.url, server.token_url, http) for server in servers]
        for _ in range(2):
            for remote in remotes:
                await remote.upload()
        servers[0].replies = servers[1].replies = [answer(401, "")]
        for remote in remotes:
            with pytest.raises(TargetError):
                await remote.platform.check(TOKEN)

        for n, server in enumerate(servers):
            assert len(server.requests) == 4
            assert {value for request in server.requests for value in request.all("Authorization")} == {
                f"Bearer token-for-{n}"
            }


async def test_nothing_secret_stands_in_a_query_but_the_key_where_the_vendor_asks_for_it(
    tmp_path: Path,
) -> None:
    async with scripted(answer(200, UUID), tokens=(grant(BEARER),)) as server, remote_at(server, tmp_path) as remote:
        await remote.upload()
        server.replies = [answer(200, "completedsuccessfully")]
        await remote.platform.check(TOKEN)
        await remote.platform.fetch(TOKEN, "feedback")

        targets = [request.target for request in _all(server)]
        assert [target for target in targets if BEARER in target or "canary" in target.replace("key=canary", "")] == []
        assert [target.partition("?")[0] for target in targets if "key=" in target] == ["/api/GetResults"] * 2
        assert API_KEY not in "".join(targets), "it is encoded"


async def test_no_cookie_comes_back_and_none_is_carried_to_another_place(tmp_path: Path) -> None:
    cookie = "Set-Cookie: session=canary; Path=/; Domain=127.0.0.1"
    async with (
        scripted(answer(200, UUID, cookie), tokens=(grant(BEARER),)) as server,
        remote_at(server, tmp_path) as remote,
    ):
        server.tokens = [answer(429, "", cookie), grant(BEARER)]
        with pytest.raises(TargetError):
            await remote.upload()
        await remote.upload()
        await remote.upload()

        assert len(_all(server)) == 4
        assert [request.all("Cookie") for request in _all(server)] == [[]] * 4
        assert not list(remote.http.session.cookie_jar)


def _all(server: Server) -> list[Request]:
    return server.token_requests + server.requests
