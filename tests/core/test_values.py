"""Backoff, gate, books, intake and exit codes: the small pure parts."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.backoff import Backoff
from orchestrator.books import Books
from orchestrator.errors import (
    ConfigError,
    Denied,
    IllegalTransition,
    Locked,
    Misdirected,
    NotSent,
    OutputError,
    StorageError,
)
from orchestrator.exits import Exit, exit_for, exit_of
from orchestrator.flow import Gate
from orchestrator.intake import Blocked, Clash, Fresh, Known, Names, identify, restored_to, without_clashes
from orchestrator.model import Digest, Job, Key, Name, RelPath, Sheet, Sheets, Source, State
from orchestrator.ports import File, Reading
from orchestrator.run import Halt, Stop
from orchestrator.trip import Ending, Trip


@given(st.integers(1, 2000), st.integers(0, 2**32), st.floats(0, 100), st.floats(1, 10), st.floats(0.1, 100))
def test_a_delay_is_never_over_the_cap_nor_below_zero(
    nth: int, seed: int, first: float, factor: float, cap: float
) -> None:
    backoff = Backoff(first=first, factor=factor, cap=cap)

    assert 0.0 <= backoff.delay(nth, random.Random(seed)) <= cap


def test_full_jitter_uses_the_whole_range_and_a_small_one_stays_near() -> None:
    rng = random.Random(1)
    full = [Backoff(first=1, factor=1, cap=10).delay(1, rng) for _ in range(1000)]
    near = [Backoff(first=10, factor=1, cap=10, jitter=0.2).delay(1, rng) for _ in range(1000)]

    assert min(full) < 0.05 < 0.95 < max(full)
    assert 8.0 <= min(near) < 8.2 < 11.8 < max(near) <= 12.0


def test_the_remotes_own_wish_is_a_lower_bound() -> None:
    assert Backoff(first=1, cap=2).delay(1, random.Random(1), 60.0) == 60.0


def test_a_gate_gives_every_caller_a_turn_of_its_own() -> None:
    gate = Gate(rate=10.0)

    assert [round(gate.reserve(5.0), 6) for _ in range(3)] == [0.0, 0.1, 0.2]
    assert gate.reserve(100.0) == 0.0


def test_a_gate_without_a_rate_lets_everybody_pass() -> None:
    assert [Gate().reserve(1.0) for _ in range(3)] == [0.0, 0.0, 0.0]


def test_a_shorter_hold_does_not_shorten_a_longer_one() -> None:
    gate = Gate()
    gate.hold(0.0, 10.0)
    gate.hold(1.0, 2.0)

    assert gate.closed_for(4.0) == 6.0
    assert gate.closed_for(11.0) == 0.0


def made(state: State, *, attempts: int = 1, repeats: bool = False) -> Job:
    return Job(
        key=Key("a"),
        version=1,
        name=Name("a"),
        path=RelPath("a.csv"),
        state=state,
        attempts=attempts,
        repeats=repeats,
        source=Source(data=Digest("d"), size=1),
        checked=Sheets(data=Sheet(rows=10, bad=3), events=Sheet(rows=4, bad=1)),
    )


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("attempts", [0, 1])
@pytest.mark.parametrize("repeats", [False, True])
def test_the_books_balance_whatever_becomes_of_a_file(state: State, attempts: int, repeats: bool) -> None:
    books = Books(found=1)
    books.enter(Trip(path=RelPath("a.csv"), job=made(state, attempts=attempts, repeats=repeats), judged=True))

    assert books.balance
    assert (books.data.read, books.data.invalid, books.events.read) == (10, 3, 4)


@pytest.mark.parametrize(
    ("state", "attempts", "column"),
    [
        (State.DONE, 1, "accepted"),
        (State.FAILED, 1, "refused"),
        (State.IN_DOUBT, 1, "unknown"),
        (State.WAITING, 1, "unknown"),
        (State.READY, 1, "withheld"),
        (State.REJECTED, 0, "withheld"),
        (State.IN_DOUBT, 0, "withheld"),
    ],
)
def test_good_rows_stand_in_the_column_of_their_fate(state: State, attempts: int, column: str) -> None:
    books = Books(found=1)
    books.enter(Trip(path=RelPath("a.csv"), job=made(state, attempts=attempts), judged=True))

    assert getattr(books.data, column) == 7
    assert getattr(books.events, column) == 3


def test_a_ready_file_that_may_have_arrived_is_unknown_not_withheld() -> None:
    books = Books(found=1)
    books.enter(Trip(path=RelPath("a.csv"), job=made(State.READY, repeats=True), judged=True))

    assert (books.data.withheld, books.data.unknown) == (0, 7)


def test_rows_count_only_in_the_run_that_read_them() -> None:
    books = Books(adopted=1)
    books.enter(Trip(path=RelPath("a.csv"), job=made(State.DONE), adopted=True))

    assert books.balance
    assert books.data.read == 0


def test_rows_that_a_mapping_takes_out_and_rows_with_warnings_are_counted_beside_the_books() -> None:
    """Of a file in parts the whole file knows of them."""
    whole = replace(made(State.DONE), checked=Sheets(data=Sheet(rows=10, bad=3, warned=4, left_out=5)))
    part = replace(whole, checked=Sheets(data=Sheet(rows=10, bad=3)))
    alone, divided = Books(found=1), Books(found=1)
    alone.enter(Trip(path=RelPath("a.csv"), job=whole, judged=True))
    parts = [Trip(path=RelPath("a.csv"), job=part, judged=True)]
    divided.enter(Trip(path=RelPath("a.csv"), job=whole, judged=True, parts=parts))

    for books in (alone, divided):
        assert books.balance
        assert (books.data.read, books.data.invalid, books.data.warned, books.data.left_out) == (10, 3, 4, 5)


def test_a_file_that_nobody_reported_unbalances_the_books() -> None:
    assert not Books(found=1).balance


def reading(path: str, data: str = "new") -> Reading:
    return Reading(
        file=File(path=RelPath(path)),
        source=Source(data=Digest(data), size=1),
        name=Name("a"),
        key=Key("a"),
        data=b"",
        events=None,
    )


def test_a_new_name_is_fresh() -> None:
    found = identify(reading("a.csv"), None, retry_failed=False, now=0.0)

    assert isinstance(found, Fresh)
    assert (found.job.version, found.job.state) == (1, State.FOUND)


@pytest.mark.parametrize("state", list(State))
def test_the_same_bytes_are_known_unless_their_version_was_superseded(state: State) -> None:
    found = identify(reading("a.csv", "d"), made(state), retry_failed=False, now=0.0)

    assert isinstance(found, Fresh if state is State.SUPERSEDED else Known)


@pytest.mark.parametrize("state", list(State))
def test_other_bytes_wait_for_an_open_version_and_follow_an_ended_one(state: State) -> None:
    found = identify(reading("a.csv"), made(state), retry_failed=False, now=0.0)

    if state.is_open or state is State.IN_DOUBT:
        assert isinstance(found, Blocked)
    else:
        assert isinstance(found, Fresh)
        assert found.job.version == 2


def test_a_failed_file_is_sent_once_more_when_that_is_asked_for() -> None:
    found = identify(reading("a.csv", "d"), made(State.FAILED), retry_failed=True, now=0.0)

    assert isinstance(found, Fresh)
    assert found.job.version == 2


def test_other_events_are_other_bytes() -> None:
    known = made(State.DONE)
    with_events = replace(known, source=Source(data=Digest("new"), events=Digest("e"), size=1))

    assert isinstance(identify(reading("a.csv"), with_events, retry_failed=False, now=0.0), Fresh)


def test_a_second_path_with_the_same_name_is_a_clash_that_names_both() -> None:
    names = Names()
    assert names.claim(Name("a"), RelPath("a.csv"), None) is None
    clash = names.claim(Name("a"), RelPath("b/a.csv"), None)

    assert isinstance(clash, Clash)
    assert "a.csv" in clash.cause
    assert "'a'" in clash.cause


def test_a_name_belongs_to_its_path_across_runs() -> None:
    assert isinstance(Names().claim(Name("a"), RelPath("b.csv"), made(State.DONE)), Clash)
    assert Names().claim(Name("a"), RelPath("a.csv"), made(State.DONE)) is None


def test_a_name_that_was_never_sent_may_pass_on() -> None:
    assert Names().claim(Name("a"), RelPath("b.csv"), made(State.REJECTED, attempts=0)) is None


def listed(*paths: str) -> list[File]:
    return [File(path=RelPath(path)) for path in paths]


def test_clashes_are_found_in_the_listing_and_the_first_path_keeps_the_name() -> None:
    files = without_clashes(listed("a/x.csv", "b/X.csv", "b/y.csv"), "{stem}", lambda key: None)

    assert [bool(file.fault) for file in files] == [False, True, False]
    assert "a/x.csv" in files[1].fault


def test_a_name_stays_with_the_path_that_the_ledger_knows() -> None:
    files = without_clashes(listed("a/x.csv", "b/x.csv"), "{stem}", lambda key: RelPath("b/x.csv"))

    assert [bool(file.fault) for file in files] == [True, False]


def test_names_made_from_the_content_cannot_clash_before_it_is_read() -> None:
    files = without_clashes(listed("a/x.csv", "b/x.csv"), "{stem}-{sha12}", lambda key: None)

    assert not any(file.fault for file in files)


def books_with(**endings: int) -> Books:
    books = Books(found=sum(endings.values()))
    books.endings.update({Ending(name): number for name, number in endings.items()})
    return books


@pytest.mark.parametrize(
    ("endings", "stop", "code"),
    [
        ({"done": 2}, None, Exit.OK),
        ({"skipped": 2}, None, Exit.OK),
        ({"done": 1, "rejected": 1}, None, Exit.REJECTS),
        ({"done": 1, "failed": 1}, None, Exit.REJECTS),
        ({"rejected": 1, "waiting": 1}, None, Exit.UNFINISHED),
        ({"rejected": 1, "deferred": 1}, None, Exit.UNFINISHED),
        ({"unsent": 1, "in_doubt": 1}, None, Exit.IN_DOUBT),
        ({"in_doubt": 1}, Stop.SIGTERM, Exit.SIGTERM),
        ({"in_doubt": 1}, Stop.SIGINT, Exit.SIGINT),
        ({"in_doubt": 1}, Stop.DENIED, Exit.DENIED),
        ({"in_doubt": 1}, Stop.MISDIRECTED, Exit.USAGE),
        ({"rejected": 1, "unsent": 1}, Stop.UNREACHABLE, Exit.UNFINISHED),
        ({"done": 1}, Stop.CANARY, Exit.UNFINISHED),
        ({"failed": 1, "unsent": 9}, Stop.CANARY, Exit.UNFINISHED),
        ({"failed": 1, "unsent": 9, "in_doubt": 1}, Stop.CANARY, Exit.IN_DOUBT),
        ({"done": 1}, Stop.DEADLINE, Exit.UNFINISHED),
        ({"done": 1}, Stop.STORAGE, Exit.UNFINISHED),
    ],
)
def test_the_exit_code_is_the_reason_that_asks_for_the_most_attention(
    endings: dict[str, int], stop: Stop | None, code: Exit
) -> None:
    assert exit_of(books_with(**endings), [Halt(stop, "why")] if stop else [], enough=True) is code


def test_dropped_rows_and_missing_files_count_as_rejects() -> None:
    dropped = books_with(done=1)
    dropped.dropped = 1

    assert exit_of(dropped, [], enough=True) is Exit.REJECTS
    assert exit_of(books_with(done=1), [], enough=False) is Exit.REJECTS


@pytest.mark.parametrize(("adopted", "code"), [(True, Exit.OK), (False, Exit.UNFINISHED)])
def test_what_took_the_place_of_a_replaced_file_is_for_this_run_only_where_it_was_open_before(
    adopted: bool, code: Exit
) -> None:
    books = Books(found=not adopted, adopted=adopted)
    books.enter(Trip(path=RelPath("a.csv"), adopted=adopted, ending=Ending.SUPERSEDED))

    assert exit_of(books, [], enough=True) is code


def test_a_signal_after_a_deadline_counts_more_than_the_deadline() -> None:
    halts = [Halt(Stop.DEADLINE, "why"), Halt(Stop.SIGTERM, "why")]

    assert exit_of(books_with(unsent=1), halts, enough=True) is Exit.SIGTERM


def test_books_that_do_not_balance_are_a_bug() -> None:
    assert exit_of(Books(found=1), [Halt(Stop.SIGINT, "why")], enough=True) is Exit.BUG


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), 2),
        (OutputError("x"), 2),
        (Misdirected("x"), 2),
        (Denied("x"), 77),
        (Locked("x"), 75),
        (StorageError("x"), 5),
        (NotSent("x"), 5),
        (IllegalTransition("x"), 1),
    ],
)
def test_every_error_has_its_exit_code(error: Exception, code: int) -> None:
    assert exit_for(error) == code  # type: ignore[arg-type]  # each of them is one of ours


@pytest.mark.parametrize(
    ("state", "changes", "stands"),
    [
        (State.REJECTED, {}, True),
        (State.REJECTED, {"repeats": True}, True),
        (State.SUPERSEDED, {}, True),
        (State.SUPERSEDED, {"repeats": True}, False),
        (State.SUPERSEDED, {"parts": 2}, False),
        (State.FAILED, {}, False),
        (State.DONE, {}, False),
    ],
)
def test_what_was_taken_stands_as_it_came_unless_something_of_other_bytes_may_have_come_since(
    state: State, changes: dict[str, bool | int], stands: bool
) -> None:
    first = made(State.DONE)
    assert first.source is not None
    between = replace(made(state), version=2, source=Source(data=Digest("other"), size=1), **changes)

    assert (restored_to([first, between], first.source) == first) == stands
