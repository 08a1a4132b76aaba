"""What an upload sends: exactly these members, these bytes, in this framing (contracts A.3)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestrator.edges.answer import Answer
from orchestrator.edges.http import Kind
from orchestrator.errors import Garbled, SourceChanged, TargetError, Unclear
from orchestrator.outcome import Phase
from orchestrator.ports import Body, Held, Streamed, Text, Trace
from orchestrator.sandbox import Fault, Profile, serve
from targets.remote import (
    API_KEY,
    CLIENT_ID,
    DATA,
    EVENTS,
    UUID,
    Remote,
    a_job,
    assert_tells_no_secret,
    make_remote,
    remote_at,
    sandbox_remote,
    streamed,
)
from targets.wire import Reply, Request, Server, answer, scripted

AWKWARD = 'Reference,"says ""hi"", and\r\nleaves"\r\nZoë \\ 雪 😀 \u2028\x7f\t\x01/,ß'
LARGE = "\r\n".join(f"Üser {n},01/07/2024,09:00,01/07/2024,17:00" for n in range(60_000))


async def sent(tmp_path: Path, body: Body, *, overwrite: bool = False, **config: Any) -> Request:
    async with scripted(answer(200, UUID)) as server, remote_at(server, tmp_path, **config) as remote:
        await remote.platform.submit(a_job('Nächte/"a" & b'), body, overwrite=overwrite)
        [request] = server.requests
    assert request.whole
    return request


def parts(text: str, *, cut: int = 1000) -> Sequence[str]:
    return [text[at : at + cut] for at in range(0, len(text), cut)]


@pytest.mark.parametrize("events", [None, EVENTS])
@pytest.mark.parametrize("overwrite", [False, True])
async def test_the_members_are_those_of_the_vendor_s_examples(
    tmp_path: Path, events: str | None, overwrite: bool
) -> None:
    body = Body(data=Held(DATA), events=None if events is None else Held(events))
    request = await sent(tmp_path, body, overwrite=overwrite)

    expected = {
        "Name": 'Nächte/"a" & b',
        "Data": DATA,
        "Username": CLIENT_ID,
        "Key": API_KEY,
        "Overwrite": "true" if overwrite else "false",
    }
    assert request.json == expected | ({} if events is None else {"EventData": events})
    assert (request.method, request.target) == ("POST", "/api/UploadData")
    assert request.all("Content-Type") == ["application/json"]
    assert request.all("Authorization") == ["Bearer bearer-of-the-test"]
    assert request.all("Content-Length") == [str(len(request.body))]
    assert request.all("Transfer-Encoding") == []
    assert request.body.decode("utf-8")


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("stream", [False, True])
async def test_overwrite_may_be_the_boolean_of_the_schema(tmp_path: Path, overwrite: bool, stream: bool) -> None:
    part: Text = streamed(DATA) if stream else Held(DATA)
    request = await sent(tmp_path, Body(data=part), overwrite=overwrite, overwrite_as_text=False)

    assert request.json["Overwrite"] is overwrite


@pytest.mark.parametrize("text", ["", AWKWARD, AWKWARD * 1000, LARGE], ids=["empty", "awkward", "many", "large"])
async def test_held_text_arrives_as_it_is(tmp_path: Path, text: str) -> None:
    request = await sent(tmp_path, Body(data=Held(text), events=Held(text)))

    assert (request.json["Data"], request.json["EventData"]) == (text, text)


@pytest.mark.parametrize("cut", [1, 7, 1 << 20])
@pytest.mark.parametrize("text", [AWKWARD, AWKWARD * 40], ids=["once", "many"])
async def test_a_stream_makes_the_same_json_as_held_text(tmp_path: Path, text: str, cut: int) -> None:
    held = await sent(tmp_path, Body(data=Held(text), events=Held(EVENTS)))
    request = await sent(tmp_path, Body(data=streamed(*parts(text, cut=cut)), events=streamed(*parts(EVENTS, cut=cut))))

    assert request.json == held.json
    assert request.all("Content-Length") == [str(len(request.body))]
    assert request.all("Transfer-Encoding") == []


@pytest.mark.parametrize("streams", ["data", "events", "both"])
async def test_either_part_may_be_a_stream(tmp_path: Path, streams: str) -> None:
    data: Text = Held(LARGE) if streams == "events" else streamed(*parts(LARGE, cut=100_000))
    events: Text = Held(EVENTS) if streams == "data" else streamed(EVENTS[:10], "", EVENTS[10:])
    request = await sent(tmp_path, Body(data=data, events=events), overwrite=True)

    assert (request.json["Data"], request.json["EventData"]) == (LARGE, EVENTS)
    assert request.json["Overwrite"] == "true"


async def test_a_stream_is_read_again_when_the_token_was_spent(tmp_path: Path) -> None:
    async with (
        scripted(answer(401), answer(200, UUID)) as server,
        remote_at(server, tmp_path) as remote,
    ):
        assert (await remote.upload(streamed("Reference", "\r\n", AWKWARD))).token == UUID

        assert [request.json["Data"] for request in server.requests] == [f"Reference\r\n{AWKWARD}"] * 2


async def changed(remote: Remote, server: Server, body: Body) -> SourceChanged:
    with pytest.raises(SourceChanged) as caught:
        await remote.platform.submit(a_job(), body, overwrite=False)
    await server.until(lambda: bool(server.requests))
    assert [request.whole for request in server.requests] == [False]
    assert_tells_no_secret(caught.value)
    return caught.value


@pytest.mark.parametrize("at", [0, 1, 2])
async def test_a_file_that_changes_while_it_is_sent_never_arrives_whole(tmp_path: Path, at: int) -> None:
    async with scripted(answer(200, UUID)) as server, remote_at(server, tmp_path) as remote:
        pieces = streamed("Reference,", "x" * 300_000, "the end", changes_at=at)
        await changed(remote, server, Body(data=pieces, events=Held(EVENTS)))


async def test_events_that_change_while_they_are_sent_never_arrive_whole(tmp_path: Path) -> None:
    async with scripted(answer(200, UUID)) as server, remote_at(server, tmp_path) as remote:
        await changed(remote, server, Body(data=Held(DATA), events=streamed("a", "b", changes_at=1)))


@pytest.mark.parametrize("grown", [1, 2, 3, 1000, 3 << 20])
async def test_a_file_that_grows_while_it_is_sent_never_arrives_whole(tmp_path: Path, grown: int) -> None:
    """The length was promised before the growth; nothing may fill it up with what does not belong there."""
    async with scripted(answer(400, "not JSON")) as server, remote_at(server, tmp_path) as remote:
        pieces = streamed("Reference", "x" * grown, "the end", changes_at=2, size_of="Reference")
        await changed(remote, server, Body(data=pieces))


async def test_a_file_that_shrinks_while_it_is_sent_never_arrives_whole(tmp_path: Path) -> None:
    async with scripted(answer(200, UUID)) as server, remote_at(server, tmp_path) as remote:
        pieces = streamed("Reference", "gone", changes_at=1, size_of="Reference" * 100_000)
        await changed(remote, server, Body(data=pieces))


async def test_a_remote_that_takes_whole_requests_only_takes_nothing_of_a_changed_file(
    tmp_path: Path,
) -> None:
    async with serve(Profile()) as sandbox, sandbox_remote(sandbox, tmp_path) as remote:
        with pytest.raises(SourceChanged):
            await remote.upload(streamed(DATA, "\r\n", "more", changes_at=2))
        await remote.upload(streamed(DATA))

        assert [entry["outcome"] for entry in sandbox.record.of("upload")] == ["incomplete", "accepted"]


@dataclass
class AnsweredEarly:
    """Takes of a body what comes, and has its answer whether it was all or not."""

    statuses: list[int]

    async def call(self, kind: Kind, *_: str, data: Any = None, **__: object) -> Answer:
        if kind is Kind.TOKEN:
            return Answer(status=200, content_type="", body=b'{"access_token": "a-bearer"}')
        phase = Phase.SENDING
        with suppress(SourceChanged):
            async for _piece in data._pieces():
                pass
            phase = Phase.SENT
        return Answer(status=self.statuses.pop(0), content_type="", body=UUID.encode(), phase=phase)


def answered_early(*statuses: int) -> Remote:
    http = AnsweredEarly(list(statuses))
    return make_remote("https://h", "https://h/token", http)  # type: ignore[arg-type]  # all that is used of a client


def away_at_first(size: int) -> Streamed:
    readings = iter((streamed("a", "b", changes_at=1).pieces, streamed("a", "b").pieces))
    return Streamed(size=size, json_size=size, pieces=lambda: next(readings)())


async def test_a_file_that_was_away_when_a_bearer_was_refused_may_be_accepted_with_the_next() -> None:
    assert (await answered_early(401, 200).upload(away_at_first(2))).token == UUID


async def test_a_file_that_was_away_when_a_bearer_was_refused_says_nothing_of_the_next_exchange() -> None:
    with pytest.raises(Unclear):
        await answered_early(401, 500).upload(away_at_first(2))


async def test_a_file_that_is_away_when_the_answer_comes_has_changed_whatever_was_answered() -> None:
    with pytest.raises(SourceChanged):
        await answered_early(413).upload(away_at_first(2))


async def test_a_success_in_answer_to_a_part_proves_nothing_whatever_became_of_the_file() -> None:
    with pytest.raises(Garbled):
        await answered_early(200).upload(away_at_first(2))


@pytest.mark.parametrize(
    ("how", "connections"),
    [
        pytest.param({}, 2, id="not to be repeated"),
        pytest.param({"overwrite": True}, 1, id="overwrites"),
        pytest.param({"repeat_replaces": True}, 1, id="sole writer"),
    ],
)
async def test_an_upload_that_may_not_be_repeated_goes_out_on_a_connection_of_its_own(
    tmp_path: Path, how: dict[str, bool], connections: int
) -> None:
    """A server may be closing a kept one at that moment, and nobody could tell whether the upload arrived."""
    overwrite = how.pop("overwrite", False)
    async with scripted(answer(200, UUID)) as server, remote_at(server, tmp_path, **how) as remote:
        await remote.platform.sign_in()
        await remote.upload(overwrite=overwrite)

        assert server.connections == connections


async def test_trouble_that_has_nothing_to_do_with_the_file_is_not_a_change(tmp_path: Path) -> None:
    async with scripted(Reply(close=True)) as server, remote_at(server, tmp_path) as remote:
        with pytest.raises(TargetError) as caught:
            await remote.upload(streamed(*parts(DATA, cut=5)))

    assert isinstance(caught.value, Unclear)


async def test_an_upload_is_sent_once_when_its_answer_is_lost(tmp_path: Path) -> None:
    async with (
        serve(Profile(script=(Fault(endpoint="upload", kind="drop_after"),))) as sandbox,
        sandbox_remote(sandbox, tmp_path) as remote,
    ):
        with pytest.raises(Unclear):
            await remote.upload()

        assert [entry["outcome"] for entry in sandbox.record.of("upload")] == ["dropped_after"]


FAULTS: list[tuple[Any, str, float | None]] = [
    ("drop_unread", "Unclear", None),
    ("drop_before", "Unclear", None),
    ("reset_before", "Unclear", None),
    ("drop_after", "Unclear", None),
    ("reset_after", "Unclear", None),
    ("throttle", "Busy", 5.0),
    ("unavailable", "Busy", 5.0),
    ("unavailable_bare", "Unclear", None),
    ("error_before", "Unclear", None),
    ("error_after", "Unclear", None),
    ("html", "Garbled", None),
    ("html_after", "Garbled", None),
    ("truncated", "Unclear", None),
    ("empty", "Garbled", None),
]


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize(("kind", "problem", "wait"), FAULTS)
async def test_a_fault_of_the_remote_leaves_what_is_known_of_the_upload(
    tmp_path: Path, kind: Any, problem: str, wait: float | None, large: bool
) -> None:
    script = (Fault(endpoint="upload", kind=kind, seconds=5.0),)
    async with (
        serve(Profile(validation="off", script=script)) as sandbox,
        sandbox_remote(sandbox, tmp_path) as remote,
    ):
        with pytest.raises(TargetError) as caught:
            await remote.upload(LARGE if large else DATA)

        assert (type(caught.value).__name__, caught.value.retry_after) == (problem, wait)
        assert len(sandbox.record.of("upload")) == 1
        if problem == "Busy":
            assert sandbox.datasets == {}
    assert_tells_no_secret(caught.value)


@pytest.mark.parametrize("kind", ["throttle_date", "unavailable_date"])
async def test_a_date_to_come_back_at_is_turned_into_seconds(tmp_path: Path, kind: Any) -> None:
    script = (Fault(endpoint="upload", kind=kind, seconds=60.0),)
    async with serve(Profile(script=script)) as sandbox, sandbox_remote(sandbox, tmp_path) as remote:
        with pytest.raises(TargetError) as caught:
            await remote.upload()

    assert 55 <= (caught.value.retry_after or math.nan) <= 62


@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize("form", ["string", "bool"])
async def test_a_strict_remote_takes_either_form_when_it_is_told_so(tmp_path: Path, quoted: bool, form: Any) -> None:
    async with (
        serve(Profile(quoted=quoted, overwrite_form=form)) as sandbox,
        sandbox_remote(sandbox, tmp_path, overwrite_as_text=form == "string") as remote,
    ):
        for overwrite in (False, True):
            accepted = await remote.platform.submit(a_job(), Body(data=Held(DATA)), overwrite=overwrite)

            assert accepted.token == sandbox.datasets["night"].token


@pytest.mark.parametrize("configured", [False, True])
@pytest.mark.parametrize("owns", [False, True])
@pytest.mark.parametrize("repeats", [False, True])
@pytest.mark.parametrize("overwrote", [False, True])
async def test_sending_again_is_harmless_only_where_replacing_is(
    tmp_path: Path, configured: bool, owns: bool, repeats: bool, overwrote: bool
) -> None:
    async with scripted() as server, remote_at(server, tmp_path, repeat_replaces=configured) as remote:
        trace = await remote.platform.recall(a_job(attempts=1, owns=owns, repeats=repeats, overwrote=overwrote))

        assert server.connections == 0
    harmless = configured or owns or repeats or overwrote
    assert trace is (Trace.REPEATABLE if harmless else Trace.UNKNOWN)


async def test_a_target_is_known_by_the_id_of_its_configuration(tmp_path: Path) -> None:
    async with scripted() as server, remote_at(server, tmp_path, id="platform/a client") as remote:
        assert remote.platform.id == "platform/a client"
        assert API_KEY not in repr(remote.platform._config)
