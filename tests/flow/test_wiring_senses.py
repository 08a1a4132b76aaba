"""A remote of which nothing is ever understood is told soon, and leaves nothing in doubt."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest

from flow.night import spend
from flow.remote import Nature, Remote
from orchestrator.errors import Garbled, Nowhere
from orchestrator.model import Token
from orchestrator.ports import Ended, Running
from orchestrator.run import Stop
from orchestrator.trip import Ending


@dataclass
class Elsewhere(Remote):
    """Its status is asked where it is not, for so many seconds."""

    says: Nowhere | Garbled = Nowhere("status: 404")  # noqa: RUF009  # it is raised, and never changed
    seconds: float = 1e9

    async def check(self, token: Token) -> Running | Ended:
        answer = await super().check(token)
        if self._clock.monotonic() < self.seconds:
            raise self.says
        return answer


@pytest.mark.parametrize("files", [1, 2, 100])
@pytest.mark.parametrize("says", [Nowhere("status: 404"), Garbled("status: a page")], ids=type)
def test_a_status_that_is_asked_elsewhere_ends_the_run_soon_and_every_job_waits(
    files: int, says: Nowhere | Garbled
) -> None:
    night = spend(Elsewhere(Nature(), random.Random(1), says=says), files=files)

    (halt, *_) = night.halts
    assert halt.stop is Stop.MISDIRECTED
    assert str(says) in halt.message
    assert night.seconds < 180.0
    assert set(night.ends) <= {Ending.WAITING, Ending.UNSENT}, night
    assert night.ends[Ending.WAITING] == len(night.remote.ends)


@pytest.mark.parametrize("says", [Nowhere("status: 404"), Garbled("status: a page")], ids=type)
def test_a_remote_that_knows_its_tokens_only_after_a_while_ends_no_run(says: Nowhere | Garbled) -> None:
    night = spend(Elsewhere(Nature(), random.Random(1), says=says, seconds=55.0), files=100)

    assert night.ends == {Ending.DONE: 100}, night
