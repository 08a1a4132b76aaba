"""Nothing leaves without leave: no request after a no, no last bytes before a yes, no file that has changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import anyio
import pytest
from targets.listener import Listener, Releases, listening
from targets.remote import streamed

from contract.remotes import RemoteSubject, striking
from contract.stand import Stand
from contract.subject import Subject
from contract.subjects import REMOTES, SUBJECTS
from orchestrator.edges.body import HOLD_FROM, TAIL
from orchestrator.errors import Denied, LeftAlone, SourceChanged, StorageError
from orchestrator.model import Token
from orchestrator.ports import Body

CALLS = ("submit", "probe", "check", "fetch")


async def call(stand: Stand, name: str, token: Token, keys: Sequence[str] = ()) -> None:
    match name:
        case "submit":
            await stand.send()
        case "fetch":
            for key in keys:
                await stand.target.fetch(token, key)
        case "check":
            await stand.target.check(token)
        case _:
            await stand.target.probe()


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
@pytest.mark.parametrize("name", ["submit", "probe", "check"])
async def test_what_may_not_go_does_not(tmp_path: Path, subject: Subject, name: str) -> None:
    async with subject.stand(tmp_path) as stand:
        stand.target.heed(lambda: False)
        with pytest.raises(LeftAlone):
            await call(stand, name, subject.stranger)

        assert (stand.requests(), stand.taken()) == (0, 0)


@pytest.mark.parametrize("subject", REMOTES, ids=str)
@pytest.mark.parametrize("name", CALLS)
async def test_every_single_request_asks_whether_it_may_leave(
    tmp_path: Path, subject: RemoteSubject, name: str
) -> None:
    """Those of a call one after the other: the first may go, then the first two, and so on until all may."""
    async with subject.at_sandbox(tmp_path, striking("upload", "unauthorized", 2, 99)) as (stand, _):
        token = (await stand.send()).token
        keys = (await stand.target.check(token)).results
        for allowed in count(1):
            leave, before = Leave(allowed), stand.requests()
            stand.target.heed(leave)
            if name == "submit":
                stand.repeat()
            try:
                await call(stand, name, token, keys)
            except (LeftAlone, Denied) as error:
                assert stand.requests() - before == min(allowed, leave.asked)
                if isinstance(error, LeftAlone):
                    continue
            assert stand.requests() - before == leave.asked
            return


@dataclass
class Leave:
    """For the first requests only."""

    allowed: int
    asked: int = 0

    def __call__(self) -> bool:
        self.asked += 1
        return self.asked <= self.allowed


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
async def test_without_a_release_the_upload_never_arrives(tmp_path: Path, subject: Subject) -> None:
    async def refuse() -> None:
        raise StorageError("the disk is full")

    async with subject.stand(tmp_path) as stand:
        with pytest.raises(StorageError):
            await stand.send(release=refuse)

        assert stand.taken() == 0


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
async def test_what_was_released_arrives_and_not_before(tmp_path: Path, subject: Subject) -> None:
    async with subject.stand(tmp_path) as stand:
        taken: list[int] = []

        async def release() -> None:
            for _ in range(50):
                await anyio.lowlevel.checkpoint()  # a commit takes its time: what did not wait for it would arrive
            taken.append(stand.taken())

        await stand.send(release=release)

        assert taken == [0]
        assert stand.taken() == 1


@pytest.mark.parametrize("subject", REMOTES, ids=str)
async def test_all_but_the_last_bytes_have_arrived_when_the_release_is_asked_for(
    tmp_path: Path, subject: RemoteSubject
) -> None:
    listener = Listener()
    releases = Releases(listener, error=StorageError("the disk is full"))
    async with (
        listening(listener) as url,
        subject.facing(tmp_path, subject.at(tmp_path, url), file=subject.many(20_000)) as stand,
    ):
        with pytest.raises(StorageError):
            await stand.send(release=releases)

    assert releases.arrived == [TAIL]
    assert len(listener.got) == listener.size - TAIL > HOLD_FROM


@pytest.mark.parametrize("subject", REMOTES, ids=str)
@pytest.mark.parametrize("release", [False, True])
@pytest.mark.parametrize("at", [0, 1, 2])
async def test_a_file_that_changes_while_it_is_sent_never_arrives_whole(
    tmp_path: Path, subject: RemoteSubject, at: int, release: bool
) -> None:
    async def released() -> None:
        """Nothing is in the way."""

    header, *rows = subject.many(2)
    pieces = (f"{header}\r\n", "\r\n".join(rows), "\r\n" * 3)
    async with subject.at_sandbox(tmp_path) as (stand, sandbox):
        stand.body = Body(data=streamed(*pieces, changes_at=at))
        with pytest.raises(SourceChanged):
            await stand.send(released if release else None)
        stand.undo()
        stand.body = Body(data=streamed(*pieces[:2]))
        await stand.send()

        outcomes = [entry["outcome"] for entry in sandbox.record.of("upload")]
        assert outcomes in (["incomplete", "accepted"], ["accepted"]), "broken off, or not begun"
