"""Which rows those are that a result refuses: by what stands in them, and by their places only where that agrees."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.ports import OBJECTIONS_LIMIT, Fetched
from orchestrator.ranges import NO_RANGES, Ranges, ranges_of
from orchestrator.targets.tao.placing import Open, nameless, placed
from orchestrator.targets.tao.rows import read_rows
from targets.tao.test_rows import BAD, COLUMNS, GOOD, table

USERS = [("zoe", "1", "A"), ("al", "2", "B"), ("bo", "3", "A")]
HEADER = ("user_username", "user_password", "group_name")


def opened(text: str) -> Open:
    return partial(io.StringIO, text, newline="")


def counted_off(told: str) -> Fetched:
    found = read_rows(io.StringIO(told, newline=""))
    assert found is not None
    objections = found.objections
    given = {"rows": found.rows, "refused": found.refused, "objections": objections, "told": found.told}
    return Fetched(key="result", content_type="text/csv", body=b"", size=0, sha256="", unplaced=True, **given)


def looked_for(
    told: Sequence[tuple[str, ...]],
    sent: Sequence[tuple[str, ...]] = USERS,
    *,
    columns: tuple[str, ...] = HEADER,
    own: tuple[str, ...] = HEADER,
) -> Fetched:
    text = table((*columns, *COLUMNS), *told)
    found = placed(counted_off(text), opened(text), opened(table(own, *sent).removesuffix("\r\n")))
    assert not found.unplaced
    return found


def rows_of(found: Fetched) -> list[tuple[int, ...]]:
    return [objection.rows for objection in found.objections]


ZOE, AL, BO = USERS


def test_rows_that_stand_where_they_were_sent_are_those() -> None:
    found = looked_for([(*ZOE, *GOOD), (*AL, *BAD), (*BO, *BAD)])

    assert (rows_of(found), found.rows, found.remark) == ([(2,), (3,)], ranges_of([2, 3]), "")


def test_rows_that_stand_elsewhere_are_found_by_what_is_in_them() -> None:
    found = looked_for([(*BO, *BAD), (*AL, *GOOD), (*ZOE, *GOOD)])

    assert (rows_of(found), found.rows, found.refused) == ([(3,)], ranges_of([3]), 1)


def test_a_row_that_several_may_be_is_none_that_anybody_can_name() -> None:
    twins = [("zoe",), ("zoe",), ("bo",)]
    found = looked_for([("bo", *GOOD), ("zoe", *GOOD), ("zoe", *BAD)], twins, columns=HEADER[:1], own=HEADER[:1])

    assert (rows_of(found), found.rows, found.refused) == ([()], NO_RANGES, 1)
    assert "of 1 of these it is not known which rows they are" in found.remark


def test_a_place_is_not_believed_for_the_sake_of_cells_that_others_have_too() -> None:
    sent, own = [(name, "TRUE") for name in ("Alice", "Bob", "Carol", "Dave")], ("user_username", "user_active")
    told = [("dave", "TRUE", *BAD), *((name, "TRUE", *GOOD) for name in ("carol", "bob", "alice"))]
    found = looked_for(told, sent, columns=own, own=own)

    assert (rows_of(found), found.rows, found.refused) == ([()], NO_RANGES, 1)
    assert "of 1 of these it is not known which rows they are" in found.remark


def test_of_rows_some_of_which_are_alike_the_others_are_named() -> None:
    sent = [("A", "x"), ("B", "x"), ("C", "y"), ("D", "z")]
    told = [("a", "x", *BAD), ("d", "z", *BAD), ("c", "y", *GOOD), ("b", "x", *GOOD)]
    found = looked_for(told, sent, columns=HEADER[:2], own=HEADER[:2])

    assert (rows_of(found), found.rows, found.refused) == ([(), (4,)], ranges_of([4]), 2)


def test_cells_that_the_remote_masks_or_writes_anew_say_nothing() -> None:
    told = [("bo", "****", "a", *BAD), ("al", "****", "b", *GOOD), ("zoe", "****", "a", *GOOD)]

    assert rows_of(looked_for(told)) == [(3,)]


def test_where_every_cell_is_another_nobody_knows_which_row_it_is() -> None:
    found = looked_for([("ZOE", "*", "a", *BAD), ("AL", "*", "b", *GOOD), ("BO", "*", "a", *BAD)])

    assert (rows_of(found), found.rows, found.refused) == ([(), ()], NO_RANGES, 2)


def test_without_any_column_of_the_file_its_rows_are_counted_off() -> None:
    assert rows_of(looked_for([BAD, GOOD, GOOD], columns=())) == [(1,)]


def test_columns_go_by_their_names_and_cells_by_what_is_left_when_they_are_trimmed() -> None:
    told = [("A", " bo", *BAD), ("B", "al ", *GOOD), ("A", "zoe", *GOOD)]

    assert rows_of(looked_for(told, columns=("GROUP_NAME", " user_username"))) == [(3,)]


def test_a_column_of_the_file_that_is_called_as_one_of_theirs_is_no_hindrance() -> None:
    sent = [("zoe", "processed"), ("al", "400")]
    own = ("user_username", "status")

    assert rows_of(looked_for([("al", "400", *BAD), ("zoe", "processed", *GOOD)], sent, columns=own, own=own)) == [(2,)]
    assert rows_of(looked_for([("al", *BAD), ("zoe", *GOOD)], sent, columns=own[:1], own=own)) == [(2,)]


def test_without_what_was_sent_no_row_is_named() -> None:
    found = nameless(counted_off(table((*HEADER, *COLUMNS), (*ZOE, *BAD))))

    assert (rows_of(found), found.rows, found.refused, found.unplaced) == ([()], NO_RANGES, 1, False)
    assert "the file is not there any more as it was sent" in found.remark


def test_of_many_refused_rows_all_are_found_and_the_first_are_spoken_of() -> None:
    sent = [(f"user{nth}",) for nth in range(OBJECTIONS_LIMIT + 5)]
    told = [(*row, *BAD) for row in reversed(sent)]
    found = looked_for(told, sent, columns=HEADER[:1], own=HEADER[:1])

    assert found.rows == Ranges.of([(1, OBJECTIONS_LIMIT + 5)])
    assert (len(found.objections), found.objections[0].rows) == (OBJECTIONS_LIMIT, (OBJECTIONS_LIMIT + 5,))


cells = st.sampled_from(["", "a", "b", " b", "of\r\ntwo lines", 'q"', "x,y"])


@given(st.lists(st.tuples(cells, cells, st.booleans()), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_whatever_the_order_no_row_is_named_but_one_with_the_same_cells(
    sent: list[tuple[str, str, bool]], rng: object
) -> None:
    own = ("a", "b")
    order = list(range(len(sent)))
    rng.shuffle(order)  # type: ignore[attr-defined]  # it is a Random
    told = [(*sent[at][:2], *(BAD if sent[at][2] else GOOD)) for at in order]
    found = looked_for(told, [row[:2] for row in sent], columns=own, own=own)

    refused = [at for at in order if sent[at][2]]
    assert found.refused == len(refused)
    for at, objection in zip(refused, found.objections, strict=True):
        meant = [cell.strip() for cell in sent[at][:2]]
        same = [row for row, cells in enumerate(sent, 1) if [cell.strip() for cell in cells[:2]] == meant]
        assert not objection.rows or objection.rows[0] in same
        assert objection.rows or len(same) > 1
