"""What happens between a token and its results."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from fakes import FakeClock, FakeTarget
from journey import A, job_of, run, world

from orchestrator.backoff import Backoff
from orchestrator.errors import (
    Misdirected,
    Missing,
    NotSent,
    Nowhere,
    Refused,
    Unclear,
)
from orchestrator.model import (
    Job,
    Name,
    State,
    Token,
)
from orchestrator.ports import Body, Ended, Fetched, Held, Running
from orchestrator.trip import Ending


async def test_a_failed_poll_is_tried_again_without_a_new_upload() -> None:
    w = world()
    w.target.script.before |= {2: Unclear("cut"), 3: NotSent("503"), 4: Unclear("html")}
    trip = await run(w)

    assert trip.end is Ending.DONE
    assert len(w.target.remote.copies[Name("a")]) == 1
    assert w.retries == 3


async def test_polls_that_never_get_through_leave_it_waiting_for_the_next_run() -> None:
    w = world(reading=Backoff(tries=3))
    w.target.script.before |= {call: Unclear("cut") for call in (2, 3, 4)}
    trip = await run(w)

    assert trip.end is Ending.WAITING
    assert (await run(w)).end is Ending.SKIPPED
    assert len(w.target.remote.copies[Name("a")]) == 1


async def test_a_job_that_outlasts_the_patience_of_a_run_stays_waiting() -> None:
    w = world(target=FakeTarget(polls_needed=10_000), patience=300.0)
    trip = await run(w)

    assert trip.end is Ending.WAITING
    assert "next run" in trip.why
    assert w.clock.time <= 300.0


async def test_a_job_that_never_ends_is_in_doubt_after_all() -> None:
    w = world(target=FakeTarget(polls_needed=10_000), patience=3000.0, give_up=200.0)
    trip = await run(w)

    assert trip.end is Ending.IN_DOUBT
    assert "never ended" in trip.why


@dataclass
class Odd(FakeTarget):
    """Answers one of its questions with what nobody can understand."""

    question: str = ""

    async def check(self, token: Token) -> Running | Ended:
        if self.question == "status":
            raise Unclear("status: no table")
        return await super().check(token)

    async def fetch(self, token: Token, key: str) -> Fetched:
        if self.question == "result":
            raise Unclear("result: no table")
        return await super().fetch(token, key)


@pytest.mark.parametrize("question", ["status", "result"])
async def test_an_answer_that_is_never_understood_leaves_the_job_in_doubt_after_all(question: str) -> None:
    w = world(give_up=500.0, target=Odd(question=question, polls_needed=1), reading=Backoff(tries=2))
    before = await run(w)
    w.clock.time += 500.0
    await run(w)

    assert (before.end, before.why) == (Ending.WAITING, f"{question}: no table")
    assert job_of(w).state is State.IN_DOUBT
    assert f"{question}: no table" in job_of(w).cause


async def test_a_clock_that_is_set_ahead_ends_no_job_that_this_run_sent() -> None:
    class Jumping(FakeClock):
        def now(self) -> datetime:
            return super().now() + timedelta(days=4 if self.time > 20 else 0)

    w = world(give_up=3 * 86400.0, patience=100.0, target=FakeTarget(polls_needed=10**6))
    w.clock = Jumping()

    assert (await run(w)).end is Ending.WAITING


async def test_a_token_that_the_remote_forgot_is_in_doubt_but_not_at_once() -> None:
    w = world()
    w.target.script.before |= {call: Missing("status: 404") for call in range(2, 100)}
    trip = await run(w)

    assert trip.end is Ending.IN_DOUBT
    assert trip.polls >= 3
    assert w.clock.time > 60.0


async def test_a_token_that_is_not_known_is_told_as_such_when_patience_ends() -> None:
    w = world(patience=30.0)
    w.target.script.before |= {call: Missing("status: 404") for call in range(2, 100)}
    trip = await run(w)

    assert (trip.end, trip.why) == (Ending.WAITING, "status: 404: the next run asks again")


async def test_where_no_read_is_ever_understood_the_run_ends_and_nothing_is_in_doubt() -> None:
    w = world()
    w.target.script.before |= {call: Nowhere("status: 404") for call in range(2, 100)}
    with pytest.raises(Misdirected, match=r"\d reads got no answer .* status: 404"):
        await run(w)

    assert 60.0 < w.clock.time < 120.0
    assert job_of(w).state is State.WAITING
    w.target.script.before.clear()
    await run(w)
    assert job_of(w).state is State.DONE
    assert len(w.target.remote.copies[Name("a")]) == 1


async def test_where_one_read_was_understood_another_that_is_not_is_a_matter_of_its_own_file() -> None:
    w = world(target=FakeTarget(polls_needed=1000))
    w.target.script.before |= {call: Nowhere("status: 404") for call in range(4, 100)}

    assert (await run(w)).end is Ending.IN_DOUBT


async def test_a_result_that_is_not_there_yet_is_asked_for_by_the_next_run() -> None:
    w = world()
    w.target.script.before[4] = Missing("feedback: 404")
    trip = await run(w)

    assert trip.end is Ending.WAITING
    assert (await run(w)).end is Ending.SKIPPED
    assert w.sink.written == {("a", 1): ("feedback",)}


async def test_a_result_that_never_comes_leaves_the_job_in_doubt() -> None:
    w = world(give_up=200.0, target=FakeTarget(polls_needed=1))
    w.target.script.before |= {call: Missing("feedback: 404") for call in (3, 5)}
    assert (await run(w)).end is Ending.WAITING
    w.clock.time += 300.0
    await run(w)
    trip = await run(w)

    assert trip.end is Ending.IN_DOUBT
    assert "although the job has ended" in trip.why


async def test_a_result_that_the_remote_does_not_offer_is_told_by_the_ledger() -> None:
    w = world()
    w.target.script.before[4] = Refused("feedback: the remote does not offer this result (400)")
    await run(w)

    assert job_of(w).state is State.DONE
    assert "does not offer" in job_of(w).cause


async def test_every_run_asks_at_least_once_however_short_its_patience() -> None:
    w = world(target=FakeTarget(polls_needed=1), patience=0.5)

    assert (await run(w)).end is Ending.DONE


@pytest.mark.parametrize(("text", "told"), [("good", ["good"]), ("newer", [])])
async def test_only_what_was_sent_is_told_to_a_target_that_has_forgotten_it(text: str, told: list[str]) -> None:
    @dataclass
    class Forgetful(FakeTarget):
        said: list[str] = field(default_factory=list)

        def has_forgotten(self, job: Job) -> bool:
            return job.version == 1

        async def recollect(self, job: Job, body: Body) -> None:
            assert isinstance(body.data, Held)
            self.said.append(body.data.text)

    target = Forgetful(polls_needed=10**6)
    w = world(patience=30.0, target=target)
    assert (await run(w)).end is Ending.WAITING
    w.inbox.files[A] = text
    target.polls_needed = 1
    await run(w)

    assert job_of(w).state is State.DONE
    assert target.said == told


async def test_a_token_is_what_the_results_are_asked_with() -> None:
    w = world()
    await run(w)

    assert job_of(w).token == Token("token-0")
