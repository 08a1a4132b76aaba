"""Bugs of order: they show when something else happens while a commit, an upload or a wait takes its time.

The simulation answers for them, with some nights of every kind of remote.
"""

from __future__ import annotations

from .bug import Bug

_NIGHTS = "simulation/test_nights.py::test_a_few_nights_tell_one_story"

NIGHTS = (
    Bug(
        wrong="The upload goes out while its intent is on the way to the disk.",
        file="delivery.py",
        old="                trip.job = await self.ledger.record(job, *before, "
        "SendStarted(overwrite, self._now(), held))\n",
        new="                event = SendStarted(overwrite, self._now(), held)\n"
        "                import asyncio\n"
        "                noted = asyncio.create_task(self.ledger.record(job, *before, event))\n"
        "                noted.add_done_callback(lambda task: task.exception())\n"
        "                trip.job = evolve(job, *before, event)\n",
        test=_NIGHTS,
    ),
    Bug(
        wrong="What was let through leaves whatever has been heard since: a Retry-After is no lower bound.",
        file="wiring.py",
        old="    parts.target.heed(way.may_go)\n",
        new="",
        test=_NIGHTS,
    ),
    Bug(
        wrong="A token is polled while it is on its way to the disk.",
        file="recovery.py",
        old="        try:\n            return await self.ledger.record(job, outcome)\n",
        new="        try:\n"
        "            import asyncio\n\n"
        "            from orchestrator.model import evolve\n\n"
        "            noted = asyncio.create_task(self.ledger.record(job, outcome))\n"
        "            noted.add_done_callback(lambda task: task.exception())\n"
        "            return evolve(job, outcome)\n",
        test=_NIGHTS,
    ),
    Bug(
        wrong="The last bytes leave while the record that they do is on its way to the disk.",
        file="edges/body.py",
        old="        await release()\n",
        new="        hold.released.set()\n        await release()\n",
        test=_NIGHTS,
    ),
    Bug(
        wrong="An upload that was cut off counts as held back although its last bytes were about to leave.",
        file="delivery.py",
        old="            job = trip.job = evolve(sending, TailReleased())  # whether it becomes durable or not: "
        "from now on it counts\n            await self.ledger.record(sending, TailReleased())",
        new="            await self.ledger.record(sending, TailReleased())",
        test=_NIGHTS,
    ),
    Bug(
        wrong="An upload without an answer is sent again where a repeat is a second copy.",
        file="recovery.py",
        old="            case Trace.REPEATABLE:\n",
        new="            case Trace.REPEATABLE | Trace.UNKNOWN:\n",
        test=_NIGHTS,
    ),
    Bug(
        wrong="An upload without an answer counts as failed, and the remote has it.",
        file="recovery.py",
        old="                return await self.ledger.record(job, Doubted(evidence, self.clock.now().timestamp()))",
        new="                from orchestrator.model import Failed\n\n"
        "                return await self.ledger.record(job, Failed(evidence))",
        test=_NIGHTS,
    ),
    Bug(
        wrong="An upload of a dead run counts as not sent until it is asked about: a second death leaves no doubt.",
        file="recovery.py",
        old='        cause = job.cause or "the program ended before the answer came"\n',
        new='        cause = job.cause or "the program ended before the answer came"\n'
        "        if not self.target.looks_up and not job.held:\n"
        "            found = await self.target.recall(job)\n"
        "            job = await self.ledger.record(job, SendUndone(cause))\n"
        "            if found is not Trace.REPEATABLE:\n"
        "                job = await self.ledger.record(job, Doubted(cause, self.clock.now().timestamp()))\n"
        "            return job\n",
        test=_NIGHTS,
    ),
    Bug(
        wrong="That an attempt may have arrived is forgotten as soon as it is found that a repeat would replace it.",
        file="model/evolution.py",
        old="            return replace(job, state=State.READY, cause=cause, repeats=True, lost_at=at)\n",
        new="            return replace(job, state=State.READY, cause=cause, lost_at=at)\n",
        test=_NIGHTS,
    ),
    Bug(
        wrong="A cancel in the middle of a commit is taken for a commit that did not come about.",
        file="guards.py",
        old="        with anyio.CancelScope(shield=True):\n            job = await self.ledger.record(job, *events)\n",
        new="        job = await self.ledger.record(job, *events)\n",
        test=_NIGHTS,
    ),
    Bug(
        wrong="Whoever waits to send again keeps a permit from those who could send.",
        file="delivery.py",
        old="            await self.clock.sleep(self.backoff.delay(trip.tries, self.rng))\n",
        new="            async with self.lane.permit():\n"
        "                await self.clock.sleep(self.backoff.delay(trip.tries, self.rng))\n",
        test=_NIGHTS,
    ),
    Bug(
        wrong="An upload leaves although the remote asked to be left alone while its intent was written down.",
        file="delivery.py",
        old='        return "" if self.lane.way.is_open else "the way',
        new='        return "" if scope else "the way',
        test="core/test_left_alone.py::test_what_was_about_to_leave_stays_here_and_leaves_when_the_time_has_come",
    ),
)
