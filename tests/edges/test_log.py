"""What is logged can be read by machines and people, drives no terminal, and gives no secret away."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from edges.jobs import ACCEPTED, CHECKED, STARTED, new_job, sending
from orchestrator.edges.log import Narrated, log_trip, set_up_logs
from orchestrator.errors import StorageError
from orchestrator.model import Completed, Event, Job, Key, RelPath, Sheet, Sheets, Token, evolve
from orchestrator.trip import Ending, Trip

SECRET = "s3cret-Passw0rd"


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    yield
    for handler in root.handlers[:]:
        root.removeHandler(handler)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def logged(say: Callable[[Any], None], *, as_json: bool = True, level: int = logging.DEBUG, **how: Any) -> str:
    stream = io.StringIO()
    set_up_logs(as_json=as_json, level=level, stream=stream, **how)
    say(structlog.get_logger())
    return stream.getvalue()


def parsed(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_line_of_json_has_its_moment_level_event_and_fields() -> None:
    (line,) = parsed(logged(lambda log: log.info("file", path="a.csv", rows=3)))

    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "file", "level": "info", "path": "a.csv", "rows": 3}


def test_a_line_of_text_has_the_same() -> None:
    line = logged(lambda log: log.info("file", path="a b.csv", rows=3, cause=""), as_json=False)

    assert line.endswith(' info    file path="a b.csv" rows=3 cause=""\n')


@pytest.mark.parametrize(("level", "seen"), [(logging.DEBUG, 3), (logging.INFO, 2), (logging.WARNING, 1)])
def test_less_than_the_level_is_not_said(level: int, seen: int) -> None:
    def say(log: Any) -> None:
        log.debug("a")
        log.info("b")
        log.warning("c")

    assert len(parsed(logged(say, level=level))) == seen


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize(
    "value",
    [
        SECRET,
        f"Bearer {SECRET}!",
        [f"a {SECRET}"],
        {"Authorization": SECRET},
        {"deep": [{"er": SECRET}]},
        ValueError(f"401 for {SECRET}"),
        SECRET.encode(),
    ],
    ids=str,
)
def test_a_known_secret_is_blotted_out_wherever_it_stands(as_json: bool, value: object) -> None:
    text = logged(lambda log: log.info("call", value=value), as_json=as_json, secrets=[SECRET])

    assert "call" in text
    assert SECRET not in text
    assert "[secret]" in text


@pytest.mark.parametrize("as_json", [True, False])
def test_a_known_secret_is_blotted_out_of_the_event_too(as_json: bool) -> None:
    text = logged(lambda log: log.error(f"refused: {SECRET}"), as_json=as_json, secrets=[SECRET])

    assert "refused: [secret]" in text


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("secret", ['quo"te\\slash', "päss wörd", "new\nline"])
def test_a_secret_is_blotted_out_however_it_would_be_escaped(as_json: bool, secret: str) -> None:
    text = logged(lambda log: log.info("call", value=f"<{secret}>"), as_json=as_json, secrets=[secret])

    assert "<[secret]>" in text


def test_a_secret_is_blotted_out_as_a_query_holds_it() -> None:
    text = logged(lambda log: log.info("call", value="/api?key=k%20%2F%C3%9F&x=1"), secrets=["k /ß"])

    assert "/api?key=[secret]&x=1" in text


@pytest.mark.parametrize("secrets", [["key-1234", "key-1234-5678"], ["key-1234-5678", "key-1234"]])
def test_no_end_of_a_longer_secret_shows_behind_a_shorter_one(secrets: list[str]) -> None:
    text = logged(lambda log: log.info("call", value="key-1234-5678"), secrets=secrets)

    assert "5678" not in text


@pytest.mark.parametrize("token", ["abc123", "eyJhbGciOi.x-y_z==", "QQ==", "a" * 13, "ab/c", "ABCD"])
@pytest.mark.parametrize("kind", ["Bearer", "basic"])
def test_whatever_stands_where_a_token_stands_is_blotted_out_also_when_nobody_knows_it(kind: str, token: str) -> None:
    text = logged(lambda log: log.error(f"Authorization: {kind} {token}, no"))

    assert f"Authorization: {kind} [secret], no" in text


@pytest.mark.parametrize("words", ["Basic needs target.basic_encoding", "no bearer token in the answer"])
def test_words_of_ours_about_tokens_can_be_read(words: str) -> None:
    assert words in logged(lambda log: log.error(words))


def test_without_secrets_nothing_is_blotted_out() -> None:
    (line,) = parsed(logged(lambda log: log.info("a", value="plain"), secrets=["", "abc"]))

    assert line["value"] == "plain"


control = st.text(st.characters() | st.sampled_from("\n\r\t\x1b\x07\x9b\u202e\u2028\udcff"), max_size=20)


@given(value=control, event=control)
def test_a_line_is_one_line_and_drives_no_terminal(value: str, event: str) -> None:
    for as_json in (True, False):
        text = logged(lambda log: log.info(event, value=value), as_json=as_json)
        assert text.endswith("\n")
        assert text[:-1].isprintable()


@given(value=control)
def test_json_gives_a_value_back_as_it_was(value: str) -> None:
    (line,) = parsed(logged(lambda log: log.info("a", value=value)))

    assert line["value"] == value


@pytest.mark.parametrize("as_json", [True, False])
def test_the_warnings_of_libraries_go_through_the_same_chain(as_json: bool) -> None:
    def say(_: Any) -> None:
        logging.getLogger("aiohttp.client").info("not said")
        logging.getLogger("aiohttp.client").warning("odd answer to %s", f"Bearer {SECRET}\x1b[2J")

    text = logged(say, as_json=as_json, secrets=[SECRET])

    assert "odd answer to %s" in text
    assert "not said" not in text
    assert SECRET not in text
    assert text[:-1].isprintable()
    if as_json:
        assert [line["level"] for line in parsed(text)] == ["warning"]


def test_of_a_library_s_record_only_its_words_are_told_even_without_a_known_secret() -> None:
    """asyncio appends what an exception that nobody fetched has to say, on lines of its own."""

    def say(_: Any) -> None:
        context = {"message": "Task exception was never retrieved", "exception": ValueError(SECRET)}
        with closing(asyncio.new_event_loop()) as loop:
            loop.default_exception_handler(context)
        logging.getLogger("aiohttp.client").error("cannot take %s", SECRET, exc_info=ValueError(SECRET))

    (first, second) = parsed(logged(say))

    assert first["event"] == "Task exception was never retrieved"
    assert second["event"] == "cannot take %s"
    assert SECRET not in f"{first}{second}"


def test_the_canonical_line_of_a_file_tells_what_became_of_it() -> None:
    pair = Sheets(data=Sheet(rows=10, bad=2), events=Sheet(rows=4, bad=1))
    job = replace(evolve(sending(), ACCEPTED, Completed()), checked=pair, version=3)
    trip = Trip(path=RelPath("a.csv"), job=job, polls=2, cause="a remark")
    trip.spend("upload", 0.12345)

    (line,) = parsed(logged(lambda _: log_trip(trip), level=logging.INFO))

    del line["timestamp"]
    assert line == {
        "event": "file",
        "level": "info",
        "path": "a.csv",
        "end": "done",
        "version": 3,
        "attempts": 1,
        "rows": 10,
        "bad_rows": 2,
        "event_rows": 4,
        "bad_event_rows": 1,
        "polls": 2,
        "upload": 0.123,
        "cause": "a remark",
    }


def test_a_file_without_a_job_has_its_line_too() -> None:
    trip = Trip(path=RelPath("a.csv"), ending=Ending.DEFERRED, cause="still being written")

    (line,) = parsed(logged(lambda _: log_trip(trip)))

    assert (line["path"], line["end"], line["cause"]) == ("a.csv", "deferred", "still being written")


def test_a_token_that_opens_results_is_not_in_the_canonical_line() -> None:
    trip = Trip(path=RelPath("a.csv"), job=evolve(sending(), ACCEPTED))

    assert ACCEPTED.token not in logged(lambda _: log_trip(trip))


class Shelf:
    """A ledger of one item, that may be full."""

    def __init__(self, *, full: bool = False) -> None:
        self.full = full

    def holder(self, token: Token) -> Job | None:
        raise AssertionError("not asked for here")

    def find(self, key: Key) -> Job | None:
        return new_job() if key == new_job().key else None

    async def record(self, job: Job, *events: Event) -> Job:
        if self.full:
            raise StorageError("full")
        return evolve(job, *events)


async def test_every_event_is_told_once_it_is_durable_and_without_its_token() -> None:
    told: list[tuple[str, dict[str, Any]]] = []
    ledger = Narrated(Shelf(), lambda event, **fields: told.append((event, fields)))

    job = await ledger.record(new_job(), CHECKED, STARTED)
    await ledger.record(job, ACCEPTED)

    assert [event for event, _ in told] == ["Checked", "SendStarted", "Accepted"]
    assert {(fields["path"], fields["version"]) for _, fields in told} == {("roster.csv", 1)}
    assert told[1][1]["overwrite"] is False
    assert ACCEPTED.token not in repr(told)
    assert ledger.find(job.key) == new_job()


async def test_what_did_not_become_durable_is_not_told() -> None:
    told: list[str] = []
    ledger = Narrated(Shelf(full=True), lambda event, **_: told.append(event))

    with pytest.raises(StorageError):
        await ledger.record(new_job(), CHECKED)

    assert told == []
