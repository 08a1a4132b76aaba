"""The probe changes nothing and lets nobody take a remote in trouble for one that is well."""

from __future__ import annotations

from pathlib import Path

import pytest
from targets.wire import Reply, Script, answer, scripted

from contract.remotes import RemoteSubject
from contract.subject import Subject
from contract.subjects import REMOTES, SUBJECTS, UNTRACKED
from orchestrator.errors import Denied, Misdirected, NotSent, TargetError, Unclear

PAGE = "<!DOCTYPE html><html><body>Closed for maintenance.</body></html>"
TROUBLE: dict[str, tuple[Script, tuple[type[TargetError], ...]]] = {
    "429": (answer(429, "", "Retry-After: 7"), (NotSent,)),
    "500": (answer(500, "oops"), (NotSent,)),
    "502": (answer(502, PAGE, kind="text/html"), (NotSent,)),
    "503": (answer(503, "", "Retry-After: 7"), (NotSent,)),
    "504": (answer(504), (NotSent,)),
    "302": (answer(302, "", "Location: https://elsewhere.example"), (NotSent, Unclear)),
    "a page": (answer(200, PAGE, kind="text/html"), (Unclear,)),
    "no answer": (Reply(close=True), (NotSent, Unclear)),
    "401": (answer(401), (Denied,)),
    "403": (answer(403), (Denied,)),
}


@pytest.mark.parametrize("subject", [*SUBJECTS, UNTRACKED], ids=str)
async def test_a_probe_changes_nothing(tmp_path: Path, subject: Subject) -> None:
    async with subject.stand(tmp_path) as stand:
        await stand.send()
        before = (stand.taken(), stand.copies())
        for _ in range(3):
            await stand.target.probe()

        assert (stand.taken(), stand.copies()) == before


@pytest.mark.parametrize("subject", [*REMOTES, UNTRACKED], ids=str)
@pytest.mark.parametrize("trouble", TROUBLE)
async def test_a_remote_in_trouble_is_not_well(tmp_path: Path, subject: RemoteSubject, trouble: str) -> None:
    reply, raised = TROUBLE[trouble]
    async with (
        scripted(reply) as server,
        subject.facing(tmp_path, subject.at(tmp_path, server.url)) as stand,
    ):
        with pytest.raises(raised) as caught:
            await stand.target.probe()

        assert caught.value.retry_after == (7.0 if trouble in ("429", "503") else None)
        assert {request.method for request in server.requests} == {"GET"}


@pytest.mark.parametrize("subject", REMOTES, ids=str)
async def test_an_address_at_which_there_is_nothing_is_not_well(tmp_path: Path, subject: RemoteSubject) -> None:
    async with subject.facing(tmp_path, subject.at(tmp_path, "http://127.0.0.1:1")) as stand:
        with pytest.raises((NotSent, Misdirected)):
            await stand.target.probe()
