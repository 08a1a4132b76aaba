"""A file whose rows were mended is judged as if they had always stood in it, and told in its own lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import Unusable
from orchestrator.ranges import Ranges, ranges_of
from orchestrator.validation import (
    CANONICAL,
    BadRow,
    Dialect,
    Judge,
    Limits,
    MendedList,
    Mends,
    Rule,
    Rules,
    read_mended,
    reject_header,
    reject_line,
)
from orchestrator.validation.limits import RECORD_LIMIT
from orchestrator.validation.mended import Mended
from orchestrator.validation.rejects import ADDED, KEPT
from validation.samples import EVENTS_HEADER, HEADER, OTHER, PLATFORM_DATA, PLATFORM_EVENTS, ROW, lines

GOOD = (ROW, OTHER)
BAD = (",01/07/2024,09:00,01/07/2024,17:00", "N3,1/7/2024,09:00,01/07/2024,17:00", "N4,01/07/2024", 'N"5,,,,')
Rows = Sequence[str]


def mended(line: int, row: str) -> Mended:
    return Mended(line=line, cells=("",) * 5, raw=row)


def judged(source: str, mends: Mends, *, size: int, fast: bool) -> tuple[object, ...]:
    bad: list[BadRow] = []
    judge = Judge(PLATFORM_DATA, on_bad=bad.append, fast=fast, mends=mends)
    content = source.encode()
    text = "".join(judge.feed(content[at : at + size]) for at in range(0, len(content), size)) + judge.close()
    return text, judge.verdict, bad


@given(
    rows=st.lists(st.sampled_from(GOOD + BAD), min_size=1, max_size=12),
    instead=st.dictionaries(st.integers(0, 11), st.sampled_from(GOOD + BAD), max_size=4),
    size=st.integers(1, 600),
    fast=st.booleans(),
)
def test_it_is_judged_as_if_the_mended_rows_stood_in_it(
    rows: Rows, instead: Mapping[int, str], size: int, *, fast: bool
) -> None:
    instead = {nth: row for nth, row in instead.items() if nth < len(rows)}
    whole = [instead.get(nth, row) for nth, row in enumerate(rows)]
    mends = Mends({nth + 2: mended(nth + 2, row).record(CANONICAL) for nth, row in instead.items()})

    found = judged(lines(HEADER, *rows), mends, size=size, fast=fast)

    assert found == judged(lines(HEADER, *whole), Mends({}), size=size, fast=fast)


def test_a_row_that_is_clean_by_now_gives_way_all_the_same() -> None:
    """The rules may have changed since it was rejected."""
    text, *_ = judged(lines(HEADER, ROW, ROW, ROW), Mends({3: mended(3, OTHER).record(CANONICAL)}), size=600, fast=True)

    assert text == "\r\n".join([HEADER, ROW, OTHER, ROW])


@given(
    rows=st.lists(st.sampled_from(GOOD), min_size=1, max_size=12),
    taken=st.sets(st.integers(2, 13), max_size=6),
    size=st.integers(1, 600),
)
def test_what_the_remote_has_is_left_out_and_every_line_is_known_for_the_rest(
    rows: Rows, taken: set[int], size: int
) -> None:
    everywhere = range(1, len(rows) + 2)
    unsent = ranges_of(line for line in everywhere if line not in taken)
    back = {line: mended(line, row).record(CANONICAL) for line, row in enumerate(rows, 2) if line not in taken}

    text, verdict, bad = judged(lines(HEADER, *rows), Mends(back, [unsent]), size=size, fast=True)

    left = [row for line, row in enumerate(rows, 2) if line not in taken]
    assert text == ("\r\n".join([HEADER, *left]) if left else "")
    assert not bad
    assert verdict.rows == len(left)  # type: ignore[attr-defined]  # a verdict
    gone = {line for first, last in verdict.gaps for line in range(first, last + 1)}  # type: ignore[attr-defined]
    assert gone == taken & set(everywhere)


@given(
    rows=st.lists(st.sampled_from(GOOD), min_size=1, max_size=12),
    back=st.sets(st.integers(2, 13), max_size=6),
    refused=st.sets(st.integers(2, 13), max_size=6),
    is_again=st.booleans(),
)
def test_what_the_remote_has_not_stays_bad_until_somebody_sends_it_back(
    rows: Rows, back: set[int], refused: set[int], *, is_again: bool
) -> None:
    """All over again after it went, so that its list holds it."""
    records = {line: mended(line, row).record(CANONICAL) for line, row in enumerate(rows, 2) if line in back}
    tried = ranges_of(refused)
    mends = Mends(records, [Ranges.of([(2, len(rows) + 1)])], [tried], is_again=is_again)

    text, _, bad = judged(lines(HEADER, *rows), mends, size=600, fast=True)

    left = {line: row for line, row in enumerate(rows, 2) if line in back and not is_again}
    assert text == ("\r\n".join([HEADER, *left.values()]) if left else "")
    assert [(one.line, [problem.rule for problem in one.problems]) for one in bad] == [  # type: ignore[attr-defined]
        (line, [Rule.REFUSED if line in refused else Rule.KEPT_BACK])
        for line in range(2, len(rows) + 2)
        if line not in left
    ]


def test_a_row_of_several_lines_may_become_one_of_one_line_and_the_other_way_round() -> None:
    event = "N1,01/07/2024,09:00,01/07/2024,17:00,{},0"
    source = lines(EVENTS_HEADER, event.format('"a\r\nb"'), event.format(""), event.format("end"))
    columns = event.format("x").split(",")
    mends = Mends(
        {
            line: Mended(line=line, cells=tuple(word if cell == "x" else cell for cell in columns)).record(CANONICAL)
            for line, word in ((2, "one"), (4, "two\r\nlines"))
        }
    )
    judge = Judge(PLATFORM_EVENTS, mends=mends)

    text = judge.feed(source.encode()) + judge.close()

    assert text.split("\r\n", 1)[1] == "\r\n".join(
        [event.format("one"), event.format('"two\r\nlines"'), event.format("end")]
    )
    assert tuple(judge.verdict.gaps) == ((3, 3),), "the second row still begins on line 4, and the third on line 5"


@pytest.mark.parametrize("size", [1, 7, 600])
@pytest.mark.parametrize("fast", [False, True])
def test_several_rows_take_the_place_of_one_of_as_many_lines(size: int, *, fast: bool) -> None:
    stray = f'"{ROW}\n{BAD[0]}\n{OTHER[:-5]}"17:00'
    source = lines(HEADER, ROW, stray, OTHER)

    for first in (3, 4):
        instead = {line: row for line, row in ((3, OTHER), (4, BAD[1]), (5, ROW)) if line >= first}
        mends = Mends({line: mended(line, row).record(CANONICAL) for line, row in instead.items()})

        text, verdict, bad = judged(source, mends, size=size, fast=fast)

        rows = [ROW, *[instead[line] for line in (3, 5) if line in instead], OTHER]
        assert text == "\r\n".join([HEADER, *rows])
        assert tuple(verdict.gaps) == (((4, 4),) if first == 3 else ((3, 4),))  # type: ignore[attr-defined]  # a verdict
        assert [(one.line, one.last_line) for one in bad] == [(3, 3), (4, 4)][first - 4 :]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("limit", "starts"), [(2, ()), (3, (2, 4, 7)), (4, (2, 4)), (5, (2, 7)), (6, ())])
def test_rows_that_take_the_place_of_one_share_a_part(limit: int, starts: Rows) -> None:
    """What they are read from begins with the first of them: nobody could read a part that begins with another."""
    source = lines(HEADER, ROW, ROW, f'"{ROW}\n{ROW}\n{OTHER[:-5]}"17:00', OTHER)
    mends = Mends({line: mended(line, ROW).record(CANONICAL) for line in (4, 5, 6)})
    judge = Judge(PLATFORM_DATA, limits=Limits(rows=limit), mends=mends)

    judge.feed(source.encode())
    judge.close()

    assert tuple(cut.line for cut in judge.verdict.cuts) == starts
    fault = judge.verdict.fault
    assert (fault.line, fault.rule) == (4, "part_size") if limit == 2 and fault else not fault


def test_a_row_as_it_was_is_read_in_the_words_of_its_file() -> None:
    dialect = Dialect(delimiter=";", quote="'")

    assert mended(2, "N1;'a;b';c").record(dialect).cells == ("N1", "a;b", "c")
    assert mended(2, "N1;'a\r\nb'").record(dialect).cells == ("N1", "a\r\nb")
    assert mended(2, "N1;a\u2028b\x0bc").record(dialect) == replace(
        Mended(line=2, cells=("N1", "a\u2028b\x0bc")).record(dialect), text="N1;a\u2028b\x0bc"
    )
    assert mended(2, "N1;'a").record(dialect).misquoted
    assert mended(2, "N1;'a'\nN2;b").record(dialect).misquoted, "two rows are not one"
    assert Mended(line=2, cells=("N1", "x"), raw="N1").record(dialect).cells == ("N1", "x"), "its columns count"


def listed(*rows: str) -> MendedList:
    return read_mended([f"{HEADER},_line,_raw\r\n", *(f'{row},{line},""\r\n' for line, row in enumerate(rows, 2))])


def test_a_file_may_have_columns_of_the_names_that_its_list_adds() -> None:
    for added in (ADDED, KEPT):
        header = ["_raw", "a", "_line", *added]
        row = ["r", "x", "77", *["2" if name == "_line" else "" for name in added]]

        found = read_mended([f"{','.join(header)}\r\n", f"{','.join(row)}\r\n"])

        assert found.names == ("_raw", "a", "_line")
        assert found.rows == {2: Mended(line=2, cells=("r", "x", "77"))}


def test_the_accepted_rows_whose_keys_a_row_has_are_kept_with_it_and_no_list_of_rejects_tells_them() -> None:
    rows = {2: Mended(line=2, cells=("x", "y"), twins=((1, 4), (2, 5))), 3: Mended(line=3, cells=("z", ""))}
    text = io.StringIO(newline="")
    csv.writer(text).writerows(MendedList(names=("a", "_twins"), rows=rows).lines())

    assert read_mended(io.StringIO(text.getvalue(), newline=""), kept=True).rows == rows
    rejects = read_mended(["_twins,_line,_raw\r\n", "1:2,2,\r\n"])
    assert (rejects.names, rejects.rows[2].twins) == (("_twins",), ())


@pytest.mark.parametrize("cell", ["x" * 200_000, 'x, "y"\n' * 60_000, '"' * (RECORD_LIMIT - 5)])
def test_a_row_of_any_length_that_a_file_may_have_is_read_again_from_its_list(cell: str) -> None:
    row = f"N1,{cell}"
    bad = BadRow(line=2, last_line=2, raw=row, cells=None, problems=())
    text = io.StringIO(newline="")
    csv.writer(text).writerows([reject_header(PLATFORM_DATA.names), reject_line(bad, PLATFORM_DATA.names)])

    found = read_mended(io.StringIO(text.getvalue(), newline=""))

    assert found.rows[2].raw == row
    kept = io.StringIO(newline="")
    csv.writer(kept).writerows(found.lines())
    assert read_mended(io.StringIO(kept.getvalue(), newline="")) == found


def test_a_longer_cell_than_a_file_may_have_is_told_with_its_line_and_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"^line 3: a cell has more than 1,048,576 characters: shorten it, or close"):
        read_mended(["a,_line,_raw\r\n", "x,2,\r\n", f",3,{'x' * (RECORD_LIMIT + 1)}\r\n"])
    with pytest.raises(ValueError, match=r"^line 2: a quote opens a cell and none closes it: save it as CSV, with"):
        read_mended(["a,_line,_raw\r\n", '"x,2,\r\n', "x,3,\r\n"])


def test_columns_that_share_a_name_keep_their_order_whatever_stands_between_them() -> None:
    found = read_mended(["z,,x,z,,_line,_raw\r\n", "1,2,3,4,5,2,\r\n"])

    for names, cells in (("z,,x,z,", "12345"), (",z,z,,x", "21453"), ("x,z,z,,", "31425")):
        ordered = found.ordered(names.split(","))
        assert ordered is not None
        assert (",".join(ordered.names), "".join(ordered.rows[2].cells)) == (names, cells)
    assert found.ordered(["z", "", "x", "x", ""]) is None


@pytest.mark.parametrize("count", [1, 2])
def test_a_list_is_fit_to_be_sent_as_soon_as_one_of_its_rows_is_right(count: int) -> None:
    rules = Rules(schemas=(PLATFORM_DATA,), dialect=Dialect(delimiter=";"), encoding="utf-16")

    listed(*[ROW] * count, *BAD[:2]).require_right(rules)


def test_a_list_without_a_right_row_and_one_with_an_impossible_cell_say_so() -> None:
    rules = Rules(schemas=(PLATFORM_DATA,))
    with pytest.raises(Unusable, match="none of its 2 rows is right yet"):
        listed(*BAD[:2]).require_right(rules)
    with pytest.raises(Unusable, match="the row of line 3: nul: holds a NUL character"):
        listed(ROW, ROW.replace("N1", "N\0")).require_right(rules)
