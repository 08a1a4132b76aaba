"""Nothing leaves for another place: by redirect, proxy, .netrc or cookie; and TLS means the right server."""

from __future__ import annotations

import json
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
from aiohttp.connector import _SSL_CONTEXT_VERIFIED
from targets.remote import (
    BEARER,
    TOKEN,
    UUID,
    Remote,
    assert_tells_no_secret,
    poll,
    post,
    remote_at,
    streamed,
)
from targets.wire import answer, closed_port, grant, scripted

from orchestrator.edges.http import Kind, open_http, trust
from orchestrator.errors import ConfigError, Misdirected, NotSent, TargetError, Unclear

Use = Callable[[Remote], Awaitable[object]]
USES: dict[str, Use] = {
    "token": lambda remote: remote.platform.sign_in(),
    "upload": lambda remote: remote.upload(),
    "streamed upload": lambda remote: remote.upload(streamed("Reference", "\r\nUser1")),
    "poll": lambda remote: remote.platform.check(TOKEN),
    "result": lambda remote: remote.platform.fetch(TOKEN, "feedback"),
}
MEANING = {
    "token": Misdirected,
    "upload": Unclear,
    "streamed upload": Unclear,
    "poll": NotSent,
    "result": NotSent,
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("status", [300, 301, 302, 303, 305, 307, 308])
async def test_a_redirect_is_never_followed(tmp_path: Path, status: int, use: str) -> None:
    async with scripted(answer(200, UUID), tokens=(grant(),)) as elsewhere:
        moved = answer(status, "", f"Location: {elsewhere.url}/api?stolen=yes")
        tokens = (moved,) if use == "token" else (grant(BEARER),)
        async with scripted(moved, tokens=tokens) as server, remote_at(server, tmp_path) as remote:
            with pytest.raises(TargetError) as caught:
                await USES[use](remote)

            assert len(server.requests) + len(server.token_requests) == (1 if use == "token" else 2)
        assert elsewhere.connections == 0
    assert isinstance(caught.value, MEANING[use])
    assert_tells_no_secret(caught.value)


@pytest.mark.parametrize("status", [302, 307])
async def test_a_redirect_to_the_same_server_is_not_followed_either(tmp_path: Path, status: int) -> None:
    async with (
        scripted(answer(status, "", "Location: /api/UploadData"), answer(200, UUID)) as server,
        open_http(tmp_path) as http,
    ):
        assert (await post(http, server.url)).status == status
        assert len(server.requests) == 1


async def test_proxies_of_the_environment_are_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with scripted(answer(200, "from the proxy")) as proxy, scripted(answer(200, UUID)) as server:
        for name in ("http_proxy", "https_proxy", "all_proxy", "ws_proxy", "wss_proxy"):
            monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv(name.upper(), proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        async with open_http(tmp_path) as http:
            assert (await poll(http, server)).text == UUID
            with pytest.raises(NotSent):
                await http.call(Kind.POLL, "GET", f"https://127.0.0.1:{closed_port()}/", headers={})

        assert proxy.connections == 0


async def test_netrc_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login canary password canary\ndefault login a password b\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))
    async with scripted() as server, open_http(tmp_path) as http:
        await poll(http, server)
        await http.call(Kind.POLL, "GET", server.url, headers={})

    assert [request.all("Authorization") for request in server.requests] == [[f"Bearer {BEARER}"], []]


async def test_cookies_never_come_back(tmp_path: Path) -> None:
    cookies = ("Set-Cookie: session=1; Path=/", "Set-Cookie: other=2; Domain=127.0.0.1; Max-Age=9999")
    async with (
        scripted(answer(200, "completedsuccessfully", *cookies), tokens=(answer(503, "", *cookies), grant())) as server,
        remote_at(server, tmp_path) as remote,
    ):
        with pytest.raises(TargetError):
            await remote.platform.sign_in()
        for _ in range(3):
            await remote.platform.check(TOKEN)

    assert [r.all("Cookie") for r in server.requests + server.token_requests] == [[]] * 5


async def test_a_certificate_that_nobody_vouches_for_is_misdirected(tmp_path: Path, tls: ssl.SSLContext) -> None:
    async with scripted(answer(200, UUID), tls=tls) as server, open_http(tmp_path) as http:
        with pytest.raises(Misdirected, match="not trusted") as caught:
            await post(http, server.url)

        assert server.requests == []
    assert_tells_no_secret(caught.value)


async def test_a_certificate_of_one_s_own_authority_is_trusted(
    tmp_path: Path, tls: ssl.SSLContext, certificate: tuple[Path, Path]
) -> None:
    async with (
        scripted(answer(200, UUID), tls=tls) as server,
        open_http(tmp_path, ca_file=str(certificate[0])) as http,
    ):
        assert (await post(http, server.url)).text == UUID


async def test_a_trusted_certificate_of_another_host_is_misdirected(
    tmp_path: Path, tls: ssl.SSLContext, certificate: tuple[Path, Path]
) -> None:
    async with (
        scripted(answer(200, UUID), tls=tls) as server,
        open_http(tmp_path, ca_file=str(certificate[0])) as http,
    ):
        with pytest.raises(Misdirected):
            await post(http, server.url.replace("127.0.0.1", "localhost"))

        assert server.requests == []


@pytest.mark.parametrize("own", [True, False])
async def test_old_tls_is_not_spoken(tmp_path: Path, certificate: tuple[Path, Path], own: bool) -> None:
    async with open_http(tmp_path, ca_file=str(certificate[0]) if own else "") as http:
        connector = http.session.connector
        assert isinstance(connector, aiohttp.TCPConnector)
        context = connector._ssl if own else _SSL_CONTEXT_VERIFIED
        assert own or connector._ssl is True

    assert isinstance(context, ssl.SSLContext)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_an_authority_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(ConfigError, match=r"target\.ca_file.*ca\.pem"):
        trust(str(file))


async def test_a_certificate_that_fails_at_the_identity_server_gets_no_credentials(
    tmp_path: Path, tls: ssl.SSLContext
) -> None:
    async with scripted(tls=tls) as server, remote_at(server, tmp_path) as remote:
        with pytest.raises(Misdirected) as caught:
            await remote.platform.sign_in()

        assert server.token_requests == []
    assert_tells_no_secret(caught.value)


STATUSES = [200, 302, 400, 401, 403, 404, 409, 413, 415, 418, 422, 429, 500, 503]


@pytest.mark.parametrize("use", USES)
async def test_no_error_of_any_status_repeats_what_the_server_said(tmp_path: Path, use: str) -> None:
    """Servers like to quote in their errors what they were sent."""
    async with scripted(tokens=(grant(BEARER),)) as server, remote_at(server, tmp_path) as remote:
        for status in STATUSES:
            quoting = answer(
                status,
                json.dumps({"error": "no", "message": f"{BEARER} canary Canary Cell"}),
                'WWW-Authenticate: Bearer error="canary"',
            )
            server.replies = [quoting]
            server.tokens = [quoting] if use == "token" else [grant(BEARER)]
            with suppress(TargetError):
                try:
                    await USES[use](remote)
                except TargetError as error:
                    assert_tells_no_secret(error)
                    raise
