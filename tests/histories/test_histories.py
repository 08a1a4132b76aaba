"""Histories of files, lists of rejects and resubmits: each row is at the remote once, or in a list, and never between.

The oracle knows the README and not the code: which rows stand in the folder, what somebody made of them in lists, and
what the remote took.
"""

from __future__ import annotations

import pytest

from tests.histories.history import History
from tests.histories.remote import Way
from tests.histories.seeds import carry_out

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
"""Who dies leaves files open, which the next collection tells."""

FEW = 16
BLOCK = 50
BLOCKS = 6


def histories_of(seeds: range) -> list[History]:
    return [carry_out(seed) for seed in seeds]


def test_whatever_is_mended_and_sent_back_every_row_is_at_the_remote_or_in_a_list() -> None:
    histories = histories_of(range(FEW))

    _require_varied(histories)


@pytest.mark.chaos
@pytest.mark.parametrize("block", range(BLOCKS))
def test_so_it_is_in_many_more_histories(block: int) -> None:
    histories_of(range(FEW + block * BLOCK, FEW + (block + 1) * BLOCK))


def _require_varied(histories: list[History]) -> None:
    """No history is what it is for nothing: each of these must have happened among so many."""
    codes = [code for history in histories for code in history.codes]
    assert {history.remote.way for history in histories} == set(Way)
    assert {("run", 0), ("run", 3), ("run", None), ("resubmit", 0), ("resubmit", 3), ("resubmit", None)} <= set(codes)
    assert any(submission.refused for history in histories for submission in history.remote.submissions.values())
