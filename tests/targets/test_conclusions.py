"""What the remote's verdict and its feedback say about a job (contracts A.4, A.5; design 5)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model import Completed, Digest, Failed, Name, Result
from orchestrator.ports import Ended
from orchestrator.sandbox import Profile, serve
from orchestrator.targets.platform import Platform, PlatformConfig
from orchestrator.targets.platform.answers import read_feedback
from targets.remote import CELL, DATA, TOKEN, a_job, sandbox_remote

CONFLICT = "0|night|A submission with this name already exists"
BROKEN = f"{DATA}\r\nUser2,99/07/2024,09:00,01/07/2024,17:00\r\nUser3,01/07/2024,09:00,01/07/2024"


def a_platform(*, repeat_replaces: bool = False) -> Platform:
    """Conclusions need neither a connection nor credentials."""
    config = PlatformConfig(
        id="x", base_url="http://127.0.0.1", client_id="x", api_key="x", repeat_replaces=repeat_replaces
    )
    return Platform(config, None, None, None)  # type: ignore[arg-type]  # none of them is used


def a_result(key: str, body: bytes | str | None) -> Result:
    content = body.encode() if isinstance(body, str) else body
    digest = Digest(hashlib.sha256(content or b"").hexdigest())
    return Result(key=key, suffix=".txt", size=len(content or b""), sha256=digest, body=content)


def failed(feedback: bytes | str | None, *, word: str = "failed") -> Failed:
    results = [a_result("feedback", feedback)]
    ended = Ended(success=False, word=word, results=("feedback",))
    outcome = a_platform().conclude(a_job(), ended, results)
    assert isinstance(outcome, Failed)
    assert outcome.results == tuple(results)
    return outcome


def test_success_is_completed_with_all_that_was_fetched() -> None:
    results = [a_result("feedback", ""), a_result("tableofresultids", "[]")]
    ended = Ended(success=True, word="completedsuccessfully", results=("feedback", "tableofresultids"))

    assert a_platform().conclude(a_job(), ended, results) == Completed(tuple(results))


def test_success_stays_success_whatever_the_feedback_says() -> None:
    results = [a_result("feedback", "3|x|a warning")]
    ended = Ended(success=True, word="completedsuccessfully", results=("feedback",))

    assert a_platform().conclude(a_job(), ended, results) == Completed(tuple(results))


@pytest.mark.parametrize(
    ("feedback", "rows"),
    [
        ("2|99/07/2024|is not a date", 1),
        ("2|a|wrong\n3|b|wrong", 2),
        ("2|a|wrong\r\n3|b|wrong\r\n", 2),
        ("2|a|wrong\n2|b|wrong too", 1),
        ("2|a|b|c|wrong", 1),
        ("2||is missing", 1),
        ("2|||", 1),
        (" 12 |x| wrong", 1),
        ("\ufeff2|a|wrong", 1),
        ("1|a|wrong\n\n\njunk\n7|b|wrong", 2),
        ("1|é 雪|wrong", 1),
    ],
)
def test_feedback_on_rows_is_counted_and_makes_the_name_ours(feedback: str, rows: int) -> None:
    bare = feedback.lstrip("\ufeff")
    for text in (feedback, json.dumps(bare), json.dumps(bare, ensure_ascii=False)):
        outcome = failed(text)

        assert f"{rows} row" in outcome.cause
        assert outcome.owns


@pytest.mark.parametrize(
    "feedback",
    [
        "",
        "   \n",
        "junk",
        "nothing is wrong",
        "12 rows were wrong",
        "2|half a line",
        "|value|message",
        "x|value|message",
        "-1|value|message",
        "1.5|value|message",
        "row 2|value|message",
        "[]",
        "{}",
        "<p>2</p>",
        b"\xff\xfe\x00",
        None,
    ],
)
def test_feedback_that_names_no_row_leaves_the_name_where_it_is(feedback: bytes | str | None) -> None:
    outcome = failed(feedback)

    assert not outcome.owns
    assert "failed" in outcome.cause


@pytest.mark.parametrize(
    "feedback",
    [
        pytest.param(CONFLICT, id="bare"),
        pytest.param(f"{CONFLICT}\r\n", id="with a line's end"),
        pytest.param(f"\ufeff{CONFLICT}", id="with a BOM"),
        pytest.param(f"  {CONFLICT}", id="indented"),
        pytest.param(json.dumps(CONFLICT), id="as a JSON string"),
        pytest.param(json.dumps(f"{CONFLICT}\n"), id="as a JSON string with a line's end"),
        pytest.param(f"{CONFLICT}\n{CONFLICT}", id="twice"),
        pytest.param(f"{CONFLICT}\n3|x|is not a date", id="with a bad row"),
        pytest.param(f"Nothing was taken in:\n{CONFLICT}", id="below a heading"),
    ],
)
def test_a_name_that_exists_is_not_ours(feedback: str) -> None:
    assert not failed(feedback).owns


def test_a_name_that_exists_is_the_cause() -> None:
    assert "Name" in failed(CONFLICT).cause


@pytest.mark.parametrize("feedback", ["0||there are no rows", "0|x,y|the header must be Reference,StartDate"])
def test_an_objection_to_the_whole_submission_is_not_said_to_be_about_the_name(feedback: str) -> None:
    outcome = failed(feedback)

    assert "exists" not in outcome.cause
    assert not outcome.owns


def test_a_name_that_was_ours_is_not_given_up_by_a_failure() -> None:
    """`owns` says what this failure adds; what a job owned before stays its own."""
    ended = Ended(success=False, word="failed", results=("feedback",))
    outcome = a_platform().conclude(a_job(owns=True), ended, [])

    assert outcome == Failed(outcome.cause, ())


@pytest.mark.parametrize("nobody_else", [False, True])
def test_where_nobody_else_writes_our_names_a_failed_job_leaves_its_name_to_us(nobody_else: bool) -> None:
    ended = Ended(success=False, word="failed", results=())
    outcome = a_platform(repeat_replaces=nobody_else).conclude(a_job(), ended, [])

    assert isinstance(outcome, Failed)
    assert outcome.owns == nobody_else


def test_a_stranger_who_stands_under_our_name_all_the_same_is_not_replaced() -> None:
    ended = Ended(success=False, word="failed", results=("feedback",))
    outcome = a_platform(repeat_replaces=True).conclude(a_job(), ended, [a_result("feedback", CONFLICT)])

    assert isinstance(outcome, Failed)
    assert not outcome.owns
    assert outcome.cause.startswith("name_conflict")


lines = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))


@given(st.lists(st.tuples(st.integers(1, 10**9 - 1), lines, lines), min_size=1))
def test_any_value_and_any_message_may_stand_in_feedback(rows: list[tuple[int, str, str]]) -> None:
    feedback = "\n".join(f"{row}|{value}|{message}" for row, value, message in rows)

    assert read_feedback(feedback.encode(), Name("roster")).rows == len({row for row, _, _ in rows})


@given(st.binary())
def test_no_feedback_breaks_the_conclusion(feedback: bytes) -> None:
    failed(feedback)


@given(st.text(alphabet='canryCANRY|0123456789\n" ', max_size=200), st.integers(0, 9))
def test_no_cell_of_the_feedback_stands_in_the_cause(noise: str, row: int) -> None:
    for feedback in (f"{row}|{CELL}|{CELL}", f"{CELL}|{noise}", f"{noise}\n{row}|{CELL}|{noise}", CELL):
        cause = failed(feedback).cause

        assert CELL not in cause
        assert "anary" not in cause


def test_the_cause_of_an_unknown_end_quotes_nothing() -> None:
    platform = a_platform()
    ended = Ended(success=False, word="completed, but not successfully", results=("feedback",))

    assert "not successfully" in platform.conclude(a_job(), ended, []).cause


@contextmanager
def no_cells_in(*causes: str) -> Iterator[None]:
    yield
    assert [cause for cause in causes if "User" in cause or "99/07" in cause] == []


async def test_bad_rows_come_back_from_the_remote_and_the_name_is_ours(tmp_path: Path) -> None:
    async with (
        serve(Profile(job_base=0.0)) as sandbox,
        sandbox_remote(sandbox, tmp_path) as remote,
    ):
        token = (await remote.upload(BROKEN)).token
        ended = await remote.platform.check(token)
        assert ended == Ended(success=False, word="failed", results=("feedback",))
        fetched = await remote.platform.fetch(token, "feedback")
        outcome = remote.platform.conclude(a_job(), ended, [a_result("feedback", fetched.body)])

    assert isinstance(outcome, Failed)
    assert outcome.owns
    with no_cells_in(outcome.cause):
        assert "2 rows" in outcome.cause


async def test_a_name_conflict_that_shows_late_does_not_make_the_name_ours(tmp_path: Path) -> None:
    async with (
        serve(Profile(job_base=0.0, on_conflict="async-fail")) as sandbox,
        sandbox_remote(sandbox, tmp_path) as remote,
    ):
        await remote.upload()
        token = (await remote.upload()).token
        ended = await remote.platform.check(token)
        assert isinstance(ended, Ended)
        fetched = await remote.platform.fetch(token, "feedback")
        outcome = remote.platform.conclude(a_job(), ended, [a_result("feedback", fetched.body)])

    assert isinstance(outcome, Failed)
    assert not outcome.owns
    assert outcome.cause.startswith("name_conflict")
    assert TOKEN not in outcome.cause


@pytest.mark.parametrize(
    ("says", "overwrote", "is_conflict"),
    [
        ("A submission with this name already exists", False, True),
        ("duplicate", False, True),
        ("A submission with this name already exists", True, False),
        ("Processing failed", False, False),
    ],
)
async def test_only_what_speaks_of_another_under_the_name_is_a_conflict_and_only_where_we_did_not_replace_it(
    tmp_path: Path, says: str, overwrote: bool, is_conflict: bool
) -> None:
    job = replace(a_job(), overwrote=overwrote)
    async with serve(Profile()) as sandbox, sandbox_remote(sandbox, tmp_path) as remote:
        ended = Ended(success=False, word="failed", results=("feedback",))
        outcome = remote.platform.conclude(job, ended, [a_result("feedback", f"0|{job.name}|{says}".encode())])

    assert isinstance(outcome, Failed)
    assert outcome.cause.startswith("name_conflict") == is_conflict
    assert is_conflict or "the remote says: failed" in outcome.cause
