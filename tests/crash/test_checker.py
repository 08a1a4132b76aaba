"""The checker objects when it should: sound evidence, one thing in it tampered with, and the objection to that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from cli.rosters import plain_rosters
from crash.checker import idle_objections, objections
from crash.deliveries import NOTHING_KNOWN
from crash.evidence import Evidence
from crash.promise import Promise, canon
from crash.scene import scene
from crash.tally import Tally
from crash.tampering import TAMPERED, a_missing_result, done, doubtful, with_job, with_told, without


@dataclass(frozen=True)
class Case:
    """Two files, one of them in doubt since a kill, and what was promised about them."""

    evidence: Evidence
    promise: Promise

    def objections(self) -> list[str]:
        return objections(self.evidence, self.promise)


@pytest.fixture
async def case(tmp_path: Path) -> AsyncIterator[Case]:
    async with scene(tmp_path / "killed", Tally(), NOTHING_KNOWN, plain_rosters(2)) as killed:
        assert await killed.kill("before the commit of Accepted", 2, limits__uploads=1)
        found = await killed.finish()
        assert sorted(job.state for job in found.jobs.values()) == ["done", "in_doubt"]
        yield Case(found, replace(killed.promise, undisturbed=canon(found)))


async def test_it_objects_to_each_thing_that_is_tampered_with_and_to_nothing_before(case: Case) -> None:
    assert case.objections() == []
    for tamper, objection in TAMPERED:
        found = replace(case, evidence=tamper(case.evidence)).objections()
        assert any(line.startswith(objection) for line in found), f"{tamper.__name__}: {found}"


async def test_a_repeat_is_an_objection_where_nothing_says_that_it_replaces(case: Case) -> None:
    key = doubtful(case.evidence)
    repeated = with_told(without(case.evidence, key, "Doubted"), key, "SendRepeatable", cause="why not", at=0.0)

    found = replace(case, evidence=repeated).objections()

    assert any("is held repeatable, and is not" in line for line in found)


async def test_a_run_that_should_be_idle_must_not_ask_nor_change_anything(case: Case) -> None:
    idle = case.evidence
    assert list(idle_objections(idle, idle)) == []
    changed = with_job(idle, done(idle), cause="touched")
    ended = replace(idle, outcomes=(*idle.outcomes, replace(idle.outcomes[-1], code=5)))
    for after in (replace(idle, requests=idle.requests + 1), a_missing_result(idle), changed, ended):
        assert any(line.startswith("12 idle") for line in idle_objections(idle, after))
