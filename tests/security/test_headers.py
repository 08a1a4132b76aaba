"""Nobody writes a header of ours: neither a Name, nor a secret, nor what a server answers (S-12)."""

from __future__ import annotations

import base64
import json
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from targets.remote import TOKEN, UUID, Remote, a_job, make_remote, oauth, remote_at
from targets.wire import Server, answer, as_json, grant, scripted

from orchestrator.edges.clock import SystemClock
from orchestrator.edges.http import open_http
from orchestrator.edges.oauth import ClientCredentials
from orchestrator.errors import TargetError
from orchestrator.ports import Body, Held

OURS = {"Host", "Authorization", "Content-Type", "Content-Length", "Accept", "Accept-Encoding", "User-Agent"}
ONCE = {"Connection": ["close"]}
"""What an upload says that may not be repeated: its connection is its own."""
BREAKS = [
    "\r\nX-Injected: yes",
    "\nX-Injected: yes",
    "\rX-Injected: yes",
    "\0",
    "\x85X",
    "\u2028X",
    '"\r\n\r\nGET / HTTP/1.1',
]
CONTROLS = [*map(chr, range(33)), *map(chr, range(127, 162))]
PLACES = ["bearer", "type", "error", "processing token", "content type", "retry after", "status"]
texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('\r\n\0:"\\%&=# '), min_size=1, max_size=20)


def require_only_ours(server: Server) -> None:
    for request in server.requests + server.token_requests:
        names = [name for name, _ in request.headers]
        assert set(names) <= OURS | set(ONCE)
        assert request.all("Connection") in ([], ONCE["Connection"])
        assert len(names) == len(set(names))
        assert request.whole


@given(name=texts, data=texts, key=texts, client=texts, secret=texts)
@settings(max_examples=40)
async def test_a_remote_sees_the_headers_that_we_send_and_the_text_as_text(
    name: str, data: str, key: str, client: str, secret: str
) -> None:
    with tempfile.TemporaryDirectory() as spill:
        async with scripted(answer(200, UUID)) as server, open_http(Path(spill)) as http:
            remote = make_remote(server.url, server.token_url, http, api_key=key, client_id=client)
            remote.platform._credentials = ClientCredentials(
                oauth(server.token_url, client_id=client, client_secret=secret), http, SystemClock()
            )
            await remote.platform.submit(a_job(name), Body(data=Held(data)), overwrite=False)
            server.replies = [answer(200, "completedsuccessfully")]
            await remote.platform.check(TOKEN)

            require_only_ours(server)
            (upload, poll), (token,) = server.requests, server.token_requests
            assert (upload.method, upload.target) == ("POST", "/api/UploadData")
            sent = upload.json
            assert (sent["Name"], sent["Data"], sent["Key"], sent["Username"]) == (name, data, key, client)
            query = parse_qs(poll.target.partition("?")[2], strict_parsing=True, keep_blank_values=True)
            assert query == {"token": [TOKEN], "key": [key], "dataKey": ["status"]}
            basic = base64.b64decode(str(token.header("Authorization")).removeprefix("Basic ")).decode("ascii")
            assert tuple(map(unquote_plus, basic.split(":"))) == (client, secret)


@pytest.mark.parametrize("place", PLACES)
async def test_no_answer_reaches_a_header_of_the_next_request(tmp_path: Path, place: str) -> None:
    for text in [*BREAKS, *(CONTROLS if place == "bearer" else ())]:
        hostile = f"x{text}"
        body = json.dumps(hostile)
        inline = "".join(sign if sign.isprintable() and sign.isascii() else " " for sign in hostile)
        replies = {
            "processing token": [answer(200, body)],
            "status": [answer(200, UUID), answer(200, body)],
            "content type": [answer(200, UUID, kind=inline)],
            "retry after": [answer(429, "", f"Retry-After: {inline}"), answer(200, UUID)],
        }.get(place, [answer(200, UUID)])
        tokens = {
            "bearer": (grant(hostile), grant()),
            "type": (grant(token_type=hostile), grant()),
            "error": (as_json({"error": hostile, "error_description": hostile}, 400), grant()),
        }.get(place, (grant(),))
        async with scripted(*replies, tokens=tokens) as server, remote_at(server, tmp_path) as remote:
            await _use(remote)
            require_only_ours(server)
            bearers = {value for request in server.requests for value in request.all("Authorization")}
            assert bearers <= {"Bearer bearer-of-the-test"}
            assert all(quote(hostile, safe="") not in request.target for request in server.requests)


async def _use(remote: Remote) -> None:
    """Whatever each of them comes to."""
    for attempt in (remote.upload, remote.upload, lambda: remote.platform.check(TOKEN)):
        try:
            await attempt()
        except TargetError:
            continue
