"""Which file waits for which: nobody for ever, nobody without need, and everybody for those that he refers to."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model import RelPath
from orchestrator.precedence import Line, Precedence
from orchestrator.trip import Ending

PATHS = [RelPath(letter) for letter in "abcdefgh"]
A, B, C, D, *_ = PATHS
paths = st.sampled_from(PATHS)
needs_of_some = st.dictionaries(paths, st.frozensets(paths), max_size=8)


def reached(needs: Mapping[RelPath, frozenset[RelPath]], start: RelPath) -> set[RelPath]:
    """All that it waits for, over however many others."""
    seen: set[RelPath] = set()
    pending = [start]
    while pending:
        fresh = needs.get(pending.pop(), frozenset()) - seen
        seen |= fresh
        pending += fresh
    return seen


@given(needs_of_some)
def test_only_in_a_circle_is_a_need_given_up_and_there_only_for_a_later_path(
    needs: dict[RelPath, frozenset[RelPath]],
) -> None:
    found = Precedence.of(needs)

    for child, wanted in needs.items():
        for parent in wanted:
            is_kept = parent in found.parents.get(child, ())
            assert is_kept == (child not in reached(needs, parent) | {parent} or parent < child)
            assert ((child, parent) in found.circles) == (not is_kept and child != parent)


@given(needs_of_some, st.permutations(PATHS))
def test_everybody_comes_after_his_parents_and_else_in_the_order_given(
    needs: dict[RelPath, frozenset[RelPath]], order: list[RelPath]
) -> None:
    found = Precedence.of(needs)

    result = list(found.sorted(order))

    assert sorted(result) == PATHS
    for place, path in enumerate(result):
        ready = [p for p in order if p not in result[:place] and {*found.parents.get(p, ())} <= {*result[:place]}]
        assert path == ready[0]


@given(needs_of_some, st.data())
def test_whoever_is_under_way_when_nobody_is_next_lets_somebody_go_by_his_end(
    needs: dict[RelPath, frozenset[RelPath]], data: st.DataObject
) -> None:
    line, under_way, ended = Line(PATHS, Precedence.of(needs)), [], set()
    while line or under_way:
        if (path := line.next()) is not None:
            assert {*Precedence.of(needs).parents.get(path, ())} <= ended
            under_way.append(path)
            continue
        assert under_way, "nobody is next, and nobody is under way"
        path = under_way.pop(data.draw(st.integers(0, len(under_way) - 1)))
        ended.add(path)
        line.ended(path)

    assert ended == {*PATHS}


def test_a_chain_of_ten_thousand_files_is_no_matter_of_depth() -> None:
    chain = [RelPath(f"{number:05}") for number in range(10_000)]
    needs = {child: {parent} for child, parent in pairwise(chain)}

    assert list(Precedence.of(needs).sorted(chain)) == chain[::-1]
    assert len(Precedence.of({**needs, chain[-1]: {chain[0]}}).circles) == 9_999


@pytest.mark.parametrize("end", [*Ending, None])
def test_a_file_is_kept_unless_all_that_it_needs_is_at_the_remote(end: Ending | None) -> None:
    found = Precedence.of({C: {A, B}})
    ends = {A: Ending.DONE} | ({B: end} if end else {})

    words = found.why_kept(C, ends)

    assert (words == "") == (end in (Ending.DONE, Ending.SKIPPED))
    assert not words or f"depends on rows of {B}, which is " in words
    assert found.why_kept(D, ends) == ""
