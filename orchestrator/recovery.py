"""After a lost answer: find out whether it arrived, or repeat it where that is harmless, or leave it to a person."""

from __future__ import annotations

from dataclasses import dataclass, replace

import anyio

from orchestrator.errors import Missing, NotSent, Refused, Unclear
from orchestrator.guards import Tokens
from orchestrator.lanes import UploadLane
from orchestrator.model import Accepted, Completed, Doubted, Job, SendRepeatable, SendUndone
from orchestrator.ports import Clock, Ledger, Target, Trace


@dataclass(frozen=True, kw_only=True)
class Recovery:
    target: Target
    ledger: Ledger
    clock: Clock
    lane: UploadLane
    tokens: Tokens

    async def recover(self, job: Job) -> Job:
        """An upload without its outcome. Many may have been left so: asking takes its turn as sending does."""
        cause = job.cause or "the program ended before the answer came"
        if not self.target.looks_up:
            return await self.recall(job, cause)
        async with self.lane.permit():
            return await self.recall(job, cause)

    async def recall(self, job: Job, cause: str) -> Job:
        """The outcome, noted. Whoever looks it up needs a permit.

        While the remote wants to be left alone nothing is looked up: the job comes back as it is.
        """
        if job.held:
            return await self.ledger.record(job, SendUndone(f"{cause}, and its last bytes had not left"))
        if self.target.looks_up and not self.lane.way.is_open:
            return replace(job, cause=cause)
        try:
            with anyio.CancelScope(shield=True):
                trace = await self.target.recall(job)
        except (NotSent, Unclear) as error:
            self.lane.way.failed(error)
            return job
        except (Missing, Refused):
            return job
        match trace:
            case Trace.ABSENT:
                return await self.ledger.record(job, SendUndone(cause))
            case Trace.REPEATABLE:
                return await self.ledger.record(job, SendRepeatable(cause, self.clock.now().timestamp()))
            case Trace.UNKNOWN:
                evidence = f"upload {job.attempts} may have arrived: {cause}. The remote cannot be asked by Name"
                return await self.ledger.record(job, Doubted(evidence, self.clock.now().timestamp()))
            case outcome:
                return await self.note_arrival(job, outcome)

    async def note_arrival(self, job: Job, outcome: Accepted | Completed) -> Job:
        """One token for two submissions tells neither's end, so neither may end by it."""
        if isinstance(outcome, Completed):
            return await self.ledger.record(job, outcome)
        token = outcome.token
        twin = self.ledger.holder(token)
        if twin is not None or token in self.tokens.landing:
            self.tokens.shared.add(token)
            first = f"as for {twin.path} (version {twin.version})" if twin else "as for another upload"
            doubt = Doubted(f"token_twice: the remote gave out the same token {first}", token=token)
            return await self.ledger.record(job, doubt)
        self.tokens.landing.add(token)
        try:
            return await self.ledger.record(job, outcome)
        finally:
            self.tokens.landing.discard(token)
