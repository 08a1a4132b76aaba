"""When a token is fetched: early, once for everybody, and not a moment more often (contracts 1.2)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from targets.remote import CLIENT_SECRET, Clock, credentials_at, oauth
from targets.wire import Reply, Request, Script, Server, answer, as_json, grant, scripted

from orchestrator.edges.answer import Answer
from orchestrator.edges.http import Kind
from orchestrator.edges.oauth import ClientCredentials, authorized
from orchestrator.errors import Denied, LeftAlone, NotSent, TargetError

DAY = 24 * 3600.0
CROWD = 50


def numbered(**members: object) -> Script:
    """A new token for every request: t1, t2, …"""
    given = iter(range(1, 10_000))
    return lambda _: grant(f"t{next(given)}", **members)


@asynccontextmanager
async def issuing(tmp_path: Path, *tokens: Script) -> AsyncIterator[tuple[Server, ClientCredentials, Clock]]:
    async with (
        scripted(tokens=tokens or (numbered(),)) as server,
        credentials_at(server, tmp_path) as (credentials, clock, _),
    ):
        yield server, credentials, clock


@pytest.mark.parametrize(
    ("expires_in", "renewed_after"),
    [
        pytest.param(3600, 3540.0, id="an hour"),
        pytest.param("3600", 3540.0, id="a numeric string"),
        pytest.param(3600.5, 3540.5, id="a fraction"),
        pytest.param(600, 540.0, id="ten minutes"),
        pytest.param(300, 270.0, id="the skew is at most a tenth"),
        pytest.param(10, 9.0, id="ten seconds"),
        pytest.param(..., 3540.0, id="missing"),
        pytest.param(None, 3540.0, id="null"),
        pytest.param("soon", 3540.0, id="garbage"),
        pytest.param("", 3540.0, id="empty"),
        pytest.param([3600], 3540.0, id="a list"),
        pytest.param({}, 3540.0, id="an object"),
        pytest.param(float("nan"), 3540.0, id="NaN"),
        pytest.param("NaN", 3540.0, id="NaN as text"),
        pytest.param(10**12, DAY - 60, id="ages"),
        pytest.param(float("inf"), DAY - 60, id="infinity"),
        pytest.param(10**400, DAY - 60, id="a number beyond floats"),
        pytest.param("1e999", DAY - 60, id="infinity as text"),
    ],
)
async def test_a_token_is_renewed_a_minute_before_its_end(
    tmp_path: Path, expires_in: object, renewed_after: float
) -> None:
    async with issuing(tmp_path, numbered(expires_in=expires_in)) as (_, credentials, clock):
        began = clock.seconds
        assert await credentials.token() == "t1"
        clock.seconds = began + renewed_after - 0.001
        assert await credentials.token() == "t1"
        clock.seconds = began + renewed_after
        assert await credentials.token() == "t2"


@pytest.mark.parametrize("expires_in", [0, -1, -3600, "0", "-5"])
async def test_a_token_without_any_life_serves_once(tmp_path: Path, expires_in: object) -> None:
    async with issuing(tmp_path, numbered(expires_in=expires_in)) as (server, credentials, _):
        assert await credentials.token() == "t1"
        assert await credentials.token() == "t2"
        assert len(server.token_requests) == 2


async def test_a_token_s_life_begins_before_its_request_is_sent(tmp_path: Path) -> None:
    clock = Clock()

    async def a_slow_answer() -> None:
        clock.seconds += 100

    async with (
        scripted(tokens=(Reply(data=grant("t1"), first=a_slow_answer), grant("t2"))) as server,
        credentials_at(server, tmp_path) as (credentials, slow_clock, _),
    ):
        clock = slow_clock
        began = clock.seconds
        assert await credentials.token() == "t1"
        assert clock.seconds == began + 100
        clock.seconds = began + 3540
        assert await credentials.token() == "t2"


async def crowd(credentials: ClientCredentials, size: int = CROWD) -> list[str | TargetError]:
    """Everybody asks for a token at the same moment."""
    outcomes: list[str | TargetError] = []

    async def ask() -> None:
        try:
            outcomes.append(await credentials.token())
        except TargetError as error:
            outcomes.append(error)

    async with anyio.create_task_group() as group:
        for _ in range(size):
            group.start_soon(ask)
    return outcomes


async def test_a_crowd_shares_one_token_request(tmp_path: Path) -> None:
    async with issuing(tmp_path) as (server, credentials, clock):
        assert await crowd(credentials) == ["t1"] * CROWD
        assert len(server.token_requests) == 1
        clock.seconds += 3600
        assert await crowd(credentials) == ["t2"] * CROWD
        assert len(server.token_requests) == 2


async def test_a_crowd_shares_the_failure_of_its_one_token_request(tmp_path: Path) -> None:
    async with issuing(tmp_path, answer(503, "", "Retry-After: 9"), numbered()) as (server, credentials, _):
        outcomes = await crowd(credentials)

        assert [type(outcome) for outcome in outcomes] == [NotSent] * CROWD
        assert {outcome.retry_after for outcome in outcomes if isinstance(outcome, NotSent)} == {9.0}
        assert len(server.token_requests) == 1
        assert await crowd(credentials) == ["t1"] * CROWD
        assert len(server.token_requests) == 2


async def test_a_crowd_is_denied_by_one_token_request(tmp_path: Path) -> None:
    async with issuing(tmp_path, as_json({"error": "invalid_client"}, 400)) as (server, credentials, _):
        outcomes = await crowd(credentials)

        assert [type(outcome) for outcome in outcomes] == [Denied] * CROWD
        assert len(server.token_requests) == 1


async def test_a_failure_that_is_over_is_not_held_against_later_callers(tmp_path: Path) -> None:
    async with issuing(tmp_path, answer(500), answer(500), grant("t3")) as (server, credentials, _):
        for _ in range(2):
            with pytest.raises(NotSent):
                await credentials.token()

        assert await credentials.token() == "t3"
        assert len(server.token_requests) == 3


async def test_a_caller_that_is_cancelled_while_it_fetches_leaves_it_to_the_next(tmp_path: Path) -> None:
    async with issuing(tmp_path, Reply(silent=True), grant("t2")) as (server, credentials, _):
        given: list[str] = []

        async def wait_and_fetch() -> None:
            given.append(await credentials.token())

        async with anyio.create_task_group() as others, anyio.create_task_group() as first:
            first.start_soon(credentials.token)
            await server.until(lambda: len(server.token_requests) == 1)
            for _ in range(3):
                others.start_soon(wait_and_fetch)
            await anyio.wait_all_tasks_blocked()
            first.cancel_scope.cancel()

        assert given == ["t2"] * 3
        assert await credentials.token() == "t2"
        assert len(server.token_requests) == 2


async def test_a_caller_that_is_cancelled_while_it_waits_disturbs_nobody(tmp_path: Path) -> None:
    release = anyio.Event()
    async with issuing(tmp_path, Reply(data=grant("t1"), first=release.wait)) as (server, credentials, _):
        given: list[str] = []

        async def fetch() -> None:
            given.append(await credentials.token())

        async with anyio.create_task_group() as group:
            group.start_soon(fetch)
            await server.until(lambda: len(server.token_requests) == 1)
            async with anyio.create_task_group() as waiting:
                waiting.start_soon(fetch)
                await anyio.wait_all_tasks_blocked()
                waiting.cancel_scope.cancel()
            release.set()

        assert given == ["t1"]
        assert len(server.token_requests) == 1


async def test_forgetting_an_old_token_keeps_the_newer_one(tmp_path: Path) -> None:
    async with issuing(tmp_path) as (server, credentials, _):
        old = await credentials.token()
        credentials.forget(old)
        new = await credentials.token()
        credentials.forget(old)

        assert (old, new, await credentials.token()) == ("t1", "t2", "t2")
        assert len(server.token_requests) == 2


OK = Answer(status=200, content_type="text/plain", body=b"fine")


class Api:
    """Takes the tokens that it is told to take, and remembers what it was shown."""

    def __init__(self, *takes: str, otherwise: int = 401) -> None:
        self.takes = takes
        self.otherwise = otherwise
        self.shown: list[str] = []

    async def __call__(self, headers: object) -> Answer:
        token = dict(headers)["Authorization"].removeprefix("Bearer ")  # type: ignore[call-overload]  # a mapping or pairs
        self.shown.append(token)
        await anyio.lowlevel.checkpoint()
        return OK if token in self.takes else replace(OK, status=self.otherwise)


async def test_a_401_is_answered_with_a_new_token_once(tmp_path: Path) -> None:
    async with issuing(tmp_path) as (server, credentials, _):
        api = Api("t2")

        assert await authorized(credentials, api) == OK
        assert api.shown == ["t1", "t2"]
        assert await authorized(credentials, api) == OK
        assert len(server.token_requests) == 2


@pytest.mark.parametrize(("newest", "shown"), [("renewed", 2), ("same", 1)])
async def test_a_secret_that_is_refused_is_read_once_more_and_what_is_new_is_tried(
    tmp_path: Path, newest: str, shown: int
) -> None:
    refused = as_json({"error": "invalid_client"}, 400)
    async with (
        scripted(tokens=(refused, grant("t2"), refused)) as server,
        credentials_at(server, tmp_path) as (_, clock, http),
    ):
        secret = {"renewed": "a new one", "same": CLIENT_SECRET}[newest]
        credentials = ClientCredentials(oauth(server.token_url), http, clock, newest=lambda: secret)
        outcomes = await crowd(credentials)

        assert len(server.token_requests) == shown
        if newest == "same":
            assert [type(outcome) for outcome in outcomes] == [Denied] * CROWD
            return
        assert outcomes == ["t2"] * CROWD
        clock.seconds += 3600
        with pytest.raises(Denied):
            await credentials.token()
        assert len(server.token_requests) == 3, "what was read once more and is refused is refused for good"


async def test_a_second_401_is_denied(tmp_path: Path) -> None:
    async with issuing(tmp_path) as (server, credentials, _):
        api = Api()
        with pytest.raises(Denied, match="401"):
            await authorized(credentials, api)

        assert api.shown == ["t1", "t2"]
        assert len(server.token_requests) == 2


async def test_a_401_that_may_hide_an_effect_is_not_answered_with_a_repeat_yet_its_token_is_let_go(
    tmp_path: Path,
) -> None:
    async with issuing(tmp_path) as (server, credentials, _):
        api = Api("t2")
        answer = await authorized(credentials, api, took_nothing=lambda _: False)

        assert (answer.status, api.shown) == (401, ["t1"])
        assert len(server.token_requests) == 1
        assert await authorized(credentials, api) == OK
        assert api.shown == ["t1", "t2"]


async def test_a_second_401_that_may_hide_an_effect_is_returned_and_not_denied(tmp_path: Path) -> None:
    async with issuing(tmp_path) as (_, credentials, _):
        api = Api()
        answer = await authorized(credentials, api, took_nothing=lambda _: len(api.shown) == 1)

        assert (answer.status, api.shown) == (401, ["t1", "t2"])


async def test_what_may_not_go_any_more_when_its_token_is_there_is_kept_back(tmp_path: Path) -> None:
    async with issuing(tmp_path) as (server, credentials, _):
        api = Api("t1")
        with pytest.raises(LeftAlone):
            await authorized(credentials, api, may_go=lambda: not server.token_requests)
        assert api.shown == []

        assert await authorized(credentials, api) == OK
        assert len(server.token_requests) == 1, "the token was had once, and is kept"


async def test_what_may_not_go_any_more_after_a_401_is_not_sent_again_with_the_new_token(tmp_path: Path) -> None:
    async with issuing(tmp_path) as (server, credentials, _):
        api = Api("t2")
        with pytest.raises(LeftAlone):
            await authorized(credentials, api, may_go=lambda: len(server.token_requests) < 2)
        assert api.shown == ["t1"]

        assert await authorized(credentials, api) == OK
        assert api.shown == ["t1", "t2"]
        assert len(server.token_requests) == 2


async def test_a_403_is_no_matter_of_the_token_which_is_kept(tmp_path: Path) -> None:
    async with issuing(tmp_path) as (server, credentials, _):
        api = Api(otherwise=403)
        assert (await authorized(credentials, api)).status == 403

        assert api.shown == ["t1"]
        assert await credentials.token() == "t1"
        assert len(server.token_requests) == 1


async def test_a_crowd_that_meets_401_fetches_one_new_token(tmp_path: Path) -> None:
    async with issuing(tmp_path) as (server, credentials, _):
        api = Api("t2")
        await credentials.token()

        async def use() -> None:
            assert await authorized(credentials, api) == OK

        async with anyio.create_task_group() as group:
            for _ in range(CROWD):
                group.start_soon(use)

        assert len(server.token_requests) == 2
        assert (api.shown.count("t1"), api.shown.count("t2")) == (CROWD, CROWD)


async def test_every_request_is_counted_under_what_it_is_for(tmp_path: Path) -> None:
    def reply(request: Request) -> bytes:
        return answer(200, request.target)

    async with (
        scripted(reply) as server,
        credentials_at(server, tmp_path) as (credentials, _, http),
    ):
        await credentials.token()
        for kind, times in ((Kind.POLL, 3), (Kind.RESULT, 2), (Kind.UPLOAD, 1)):
            for _ in range(times):
                await http.call(kind, "GET", f"{server.url}/{kind}", headers={})

    assert http.counts == {Kind.TOKEN: 1, Kind.POLL: 3, Kind.RESULT: 2, Kind.UPLOAD: 1}
