"""What `recall` lets be sent again does not stand there twice: everything here is sent again, and looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.subject import Subject
from contract.subjects import WAYS
from orchestrator.errors import Unclear
from orchestrator.model import Accepted
from orchestrator.ports import Ended, Running, Trace

LOST = [
    pytest.param(each, fault, id=f"{each}-{fault}")
    for each in WAYS
    for fault, (said, _) in each.faults.items()
    if issubclass(said, Unclear)
]


@pytest.mark.parametrize(("subject", "fault"), LOST)
async def test_what_may_be_sent_again_is_there_once_in_the_end(tmp_path: Path, subject: Subject, fault: str) -> None:
    async with subject.stand(tmp_path, fault) as stand:
        assert issubclass(await stand.said(), Unclear)
        recalled = await stand.target.recall(stand.job)
        if isinstance(recalled, Accepted):
            assert isinstance(await stand.target.check(recalled.token), Running | Ended)
            assert stand.taken() == 1
            return
        assert recalled is subject.trace
        if recalled is Trace.ABSENT:
            assert stand.taken() == 0
        if recalled is Trace.REPEATABLE:
            stand.repeat()
        else:
            stand.undo()
        await stand.said()
        if recalled is Trace.UNKNOWN:
            return  # that was for the sake of the next test

        stand.taken()
        assert stand.copies() == 1


COPYING = [each for each in WAYS if each.trace is Trace.UNKNOWN and "never" not in str(each)]


@pytest.mark.parametrize("subject", COPYING, ids=str)
async def test_where_nobody_can_tell_a_second_send_would_be_seen(tmp_path: Path, subject: Subject) -> None:
    """As a copy, or as a refusal that could be about anybody's: so it is not called repeatable without need."""
    lost = next(fault for fault, (said, taken) in subject.faults.items() if taken and issubclass(said, Unclear))
    async with subject.stand(tmp_path, lost) as stand:
        await stand.said()
        stand.undo()
        second = await stand.said()

        assert stand.taken() == stand.copies()
        assert stand.copies() == 2 or not issubclass(second, Accepted)
