"""Which record an error is about: its key says so for sure, its index as far as the way of counting is known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model import Completed, Failed
from orchestrator.ports import OBJECTIONS_LIMIT
from orchestrator.ranges import NO_RANGES, Ranges, ranges_of
from orchestrator.targets.endgrate.indexes import Indexes
from orchestrator.targets.endgrate.refusals import Refusals
from targets.endgrate.remote import TRANSFER, at, checked, counts, error, page, statistics
from targets.endgrate.test_results import script
from targets.wire import scripted

KEYS = {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}


def refusals(errors: Sequence[dict[str, Any]], indexes: Indexes, *, keyed: bool = True) -> Refusals:
    found = Refusals(KEYS if keyed else {}, indexes)
    found.add(errors)
    return found


def meant(
    *errors: dict[str, Any], keyed: bool = True, batch: int | None = None, sent: int = 5
) -> list[tuple[int, ...]]:
    found = refusals(errors, Indexes(sent, batch=batch), keyed=keyed)
    return [objection.rows for objection in found.objections]


@pytest.mark.parametrize("index", [1, 2, 0, 4, 5, 500], ids=lambda index: f"index {index}")
def test_a_key_of_ours_says_which_record_it_is_whatever_the_index_beside_it_says(index: int) -> None:
    assert meant(error(index, internal_id="b")) == [(2,)]


def test_what_errors_with_a_key_tell_of_the_way_of_counting_holds_for_those_without() -> None:
    from_0, from_1 = error(1, internal_id="b"), error(2, internal_id="b")

    assert meant(from_0, error(3)) == [(2,), (4,)]
    assert meant(error(3), from_1) == [(3,), (2,)]
    assert meant(from_0, from_1, error(3)) == [(2,), (2,), ()], "they contradict each other"
    assert meant(error(0, internal_id="d"), error(3)) == [(4,), ()], "it counts in batches, or otherwise"


def test_a_key_that_was_never_sent_takes_the_word_from_the_index_beside_it() -> None:
    assert meant(error(0), error(2, internal_id="stranger")) == [(1,), ()]


@pytest.mark.parametrize(
    ("indexes", "rows"),
    [
        ([0, 3], [(1,), (4,)]),
        ([5, 2], [(5,), (2,)]),
        ([3], [(4, 3)]),
        ([5, 0], [(), ()]),
        ([6], [()]),
        ([500, 1], [(), ()]),
    ],
    ids=str,
)
def test_an_index_alone_is_believed_only_where_one_way_of_counting_is_left(
    indexes: list[int], rows: list[tuple[int, ...]]
) -> None:
    assert meant(*map(error, indexes), keyed=False) == rows


def test_of_a_transfer_in_batches_an_index_means_a_record_only_where_one_is_beyond_any_batch() -> None:
    assert meant(error(0), error(1), keyed=False, batch=2) == [(), ()]
    assert meant(error(0), error(2), keyed=False, batch=2) == [(), ()], "the last of a batch, where one counts from 1"
    assert meant(error(0), error(3), keyed=False, batch=2) == [(1,), (4,)]
    assert meant(error(1, internal_id="b"), error(0), batch=2) == [(2,), ()]


def test_two_keys_with_one_index_are_two_records_and_nobody_knows_which() -> None:
    errors = [error(0, internal_id="x"), error(0, internal_id="y")]
    found = refusals(errors, Indexes(5), keyed=False)

    assert (found.count, found.rows) == (2, NO_RANGES)
    assert refusals([error(1, internal_id="b"), error(1, internal_id="c")], Indexes(5)).rows == ranges_of([2, 3])


def test_one_key_with_two_indexes_is_one_record_and_nobody_knows_which() -> None:
    found = refusals([error(0, internal_id="x"), error(3, internal_id="x")], Indexes(5), keyed=False)

    assert (found.count, found.rows) == (1, NO_RANGES)


def test_an_error_that_is_over_is_no_refusal_any_more() -> None:
    over = [error(1, internal_id="b", resolved=True), error(resolved=True, error_type="authentication")]
    found = refusals([*over, error(2, internal_id="c", resolved="true")], Indexes(5))

    assert (found.count, found.rows, found.has_others, found.remark) == (1, ranges_of([3]), False, "")


def test_all_records_are_counted_and_the_first_are_spoken_of() -> None:
    found = refusals([error(nth) for nth in range(OBJECTIONS_LIMIT + 5)], Indexes(OBJECTIONS_LIMIT + 5), keyed=False)

    assert (found.count, found.rows) == (OBJECTIONS_LIMIT + 5, Ranges.of([(1, OBJECTIONS_LIMIT + 5)]))
    assert len(found.objections) == OBJECTIONS_LIMIT


@given(
    st.sets(st.integers(1, 30), min_size=1),
    st.sampled_from([0, 1]),
    st.sampled_from([None, 4, 7]),
    st.booleans(),
    st.sets(st.integers(1, 30)),
)
def test_however_a_remote_counts_no_record_is_named_that_it_did_not_mean(
    refused: set[int], base: int, batch: int | None, in_batches: bool, keyed: set[int]
) -> None:
    """From 0 or from 1, in the transfer or in each batch of it, with the key beside some."""

    def index(row: int) -> int:
        place = (row - 1) % batch if batch and in_batches else row - 1
        return place + base

    found = Refusals({f"k{row}": row for row in range(1, 31)}, Indexes(30, batch=batch))
    rows = sorted(refused)
    found.add(error(index(row), **({"internal_id": f"k{row}"} if row in keyed else {})) for row in rows)

    for row, objection in zip(rows, found.objections, strict=True):
        assert not objection.rows or row in objection.rows
        assert row not in keyed or objection.rows == (row,)
    assert {row for first, last in found.rows for row in range(first, last + 1)} <= refused


@pytest.mark.parametrize(
    ("told", "errors", "verdict", "leaves_open"),
    [
        (counts(5, 4), [error(1), error()], Completed, True),
        (counts(5, 3), [error(1), error()], Completed, False),
        (counts(5, 5), [error(1)], Completed, False),
        (counts(5, 5), [error()], Failed, False),
        (counts(5, 5), [error(1, resolved=True)], Completed, False),
    ],
    ids=["none left for it", "it may be the one that is counted", "it names one", "it is alone", "it is over"],
)
async def test_an_error_that_names_no_record_leaves_the_others_open_unless_the_counts_have_one_for_it(
    tmp_path: Path, told: dict[str, Any], errors: list[dict[str, Any]], verdict: type, leaves_open: bool
) -> None:
    replies = script(statistics(told), [page("errors", *errors)], [page("transfer_data")])
    async with scripted(replies) as server, at(server, tmp_path) as remote:
        fetched, outcome = await remote.end(TRANSFER, checked(5))

    assert type(outcome) is verdict
    assert [each.leaves_open for each in fetched] == [False, leaves_open, False]


async def test_a_list_of_errors_that_breaks_off_leaves_the_others_open(tmp_path: Path) -> None:
    errors = page("errors", error(1), following=0)
    replies = script(statistics(counts(5, 4)), [errors], [page("transfer_data")])
    async with scripted(replies) as server, at(server, tmp_path) as remote:
        fetched, _ = await remote.end(TRANSFER, checked(5))

    assert fetched[1].leaves_open


@pytest.mark.parametrize("told", [counts(2, 2), counts(9, 9), counts(5, 9), counts(0, 0, batches=0), counts(9, 4)])
async def test_counts_that_do_not_fit_make_neither_a_success_nor_a_failure_of_what_was_sent(
    tmp_path: Path, told: dict[str, Any]
) -> None:
    replies = script(statistics(told), [page("errors")], [page("transfer_data")])
    async with scripted(replies) as server, at(server, tmp_path) as remote:
        fetched, outcome = await remote.end(TRANSFER, checked(5))

    assert type(outcome) is Completed
    assert [each.told for each in fetched] == [None, max(told["records"], told["records_transferred"]), None]


@pytest.mark.parametrize("size", [2, None, "2", True])
async def test_the_size_of_a_batch_is_what_the_statistics_say_or_all_there_is(tmp_path: Path, size: object) -> None:
    told = counts(5, 3, batches=3) | {"batch_size": size}
    replies = script(statistics(told), [page("errors", error(0), error(4))], [page("transfer_data")])
    async with scripted(replies) as server, at(server, tmp_path) as remote:
        fetched, _ = await remote.end(TRANSFER, checked(5))

    assert fetched[1].rows == ranges_of([1, 5] if size == 2 else [])
    assert fetched[1].refused == 2
