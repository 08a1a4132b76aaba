"""The whole pipeline with a real ledger against a server that misbehaves once, and against a healthy one after it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest
import structlog
from fakes import FakeClock
from targets.remote import API_KEY, BEARER, CELL, CLIENT_ID, CLIENT_SECRET, SECRETS

from cli.leaks import forms, stored, stored_without_results
from cli.ledger import Line, read_ledger
from faults.consignments import OTHERS, Consignment
from faults.fault import ENDGRATE, PLATFORM, TAO
from faults.healthy import results
from faults.nights import NIGHTS, Night
from faults.nights_of_others import NIGHTS_OF_OTHERS
from faults.server import Server, misbehaving
from orchestrator.batch import Finished, Watcher, run_batch
from orchestrator.config import Credentials, Settings, load
from orchestrator.edges.log import set_up_logs
from orchestrator.exits import Exit
from orchestrator.model import Resolved, Token, Verdict
from orchestrator.request import Request
from orchestrator.verdicts import settle

SECRETS_OF_OURS = Credentials(client_id=CLIENT_ID, client_secret=CLIENT_SECRET, api_key=API_KEY)
NEEDLES = {
    *(secret.encode() for secret in SECRETS),
    *(form for secret in (CLIENT_SECRET, API_KEY, BEARER, CELL) for form in forms(secret, username=CLIENT_ID)),
}


@dataclass(frozen=True, kw_only=True)
class House:
    """A folder with one file, and the server that it is for."""

    root: Path
    server: Server
    consignment: Consignment
    text: str

    @property
    def out(self) -> Path:
        return self.root / "out"

    async def run(self) -> Finished:
        return await run_batch(self._settings(), SECRETS_OF_OURS, Request(), Watcher())

    def _settings(self) -> Settings:
        words = (*self.consignment.settings(self.server.url), "target.id=the remote of the test", "input.settle=0")
        return load(None, overrides=words, environ={}, folder=self.root / "inbox", output=self.out)

    @property
    def job(self) -> Line:
        [line] = read_ledger(self.out)
        return line

    @property
    def state(self) -> str:
        return "".join(line.state for line in read_ledger(self.out))

    async def decide(self) -> None:
        """As a person does who looked at the remote."""
        taken = [submission.token for submission in self.server.taken]
        verdict = Resolved(Verdict.ACCEPTED, Token(taken[-1])) if taken else Resolved(Verdict.NOT_ACCEPTED)
        await settle(self.out, "night.csv", verdict, 0.0)


@asynccontextmanager
async def housed(root: Path, night: Night, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr("orchestrator.batch.SystemClock", FakeClock)  # nobody waits for a backoff, nor for a poll
    inbox = root / "inbox"
    inbox.mkdir()
    text = night.consignment.text(night.size)
    (inbox / "night.csv").write_text(text, newline="")
    async with misbehaving(night.endpoint, night.fault, follows=night.follows) as server:
        yield House(root=root, server=server, consignment=night.consignment, text=text)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    """All that is told, and nothing blotted out: without the second line of defence."""
    monkeypatch.setattr("orchestrator.edges.log._cleaned", lambda value, secrets: value)
    told = StringIO()
    set_up_logs(as_json=True, level=logging.DEBUG, stream=told)
    yield told
    structlog.reset_defaults()


@pytest.mark.parametrize("night", [*NIGHTS, *NIGHTS_OF_OTHERS], ids=str)
async def test_one_fault_is_got_over_or_is_plain_to_see(
    tmp_path: Path, night: Night, log: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with housed(tmp_path, night, monkeypatch) as house:
        finished = await house.run()

        assert (finished.exit_code, house.state) == (night.exit, night.state), finished.message
        assert (house.server.whole_uploads, len(house.server.taken)) == (night.whole, night.taken)
        await house.server.recover()
        again = await house.run()
        if night.state == "in_doubt":
            assert (again.exit_code, house.state) == (Exit.IN_DOUBT, "in_doubt")
            assert house.server.whole_uploads == night.whole
            await house.decide()
            again = await house.run()

        assert house.state == night.finally_
        assert again.exit_code == (Exit.OK if night.finally_ == "done" else Exit.REJECTS)
        require_no_silent_duplicate(house)
        await require_silence(house, again)
        assert "SendStarted" in log.getvalue(), "every event was told"
        require_no_secret(house, log.getvalue(), finished, again)


def require_no_silent_duplicate(house: House) -> None:
    """What took effect before was replaced, never added to; and what the ledger calls done is what stands there."""
    taken = house.server.taken
    assert sum(not submission.replaces for submission in taken) <= 1
    assert {submission.data for submission in taken} <= {house.text}
    assert house.server.strays == 0
    if house.state != "done":
        assert taken == []
        return
    assert house.job.token == taken[-1].token
    place = house.out / "results" / "night"
    kept = {file.stem: file.read_bytes() for file in place.iterdir() if file.is_file()}
    assert kept == results(house.server.endpoint.api, taken[-1].rows)


def require_no_secret(house: House, log: str, *nights: Finished) -> None:
    quotes_cells = house.server.endpoint.api == "endgrate"  # its results are the records that it has
    places = stored_without_results(house.out) if quotes_cells else stored(house.out)
    places |= {"the log": log.encode(), "the messages": "".join(night.message for night in nights).encode()}
    assert [place for place, told in places.items() if any(needle in told for needle in NEEDLES)] == []


async def require_silence(house: House, last: Finished) -> None:
    """A night after the last costs no request, and says the same."""
    before = len(house.server.requests)
    idle = await house.run()

    assert (len(house.server.requests), idle.exit_code) == (before, last.exit_code)


def test_the_nights_cover_every_request_and_every_end() -> None:
    assert len({str(night) for night in NIGHTS + NIGHTS_OF_OTHERS}) == len(NIGHTS) + len(NIGHTS_OF_OTHERS)
    assert len(NIGHTS) >= 60
    assert {night.endpoint for night in NIGHTS} == set(PLATFORM)
    assert {night.state for night in NIGHTS} == {"done", "in_doubt", "waiting", "ready", "failed", ""}
    assert {night.endpoint for night in NIGHTS_OF_OTHERS} >= {*TAO, *ENDGRATE}
    assert {str(night.consignment) for night in NIGHTS_OF_OTHERS} == set(map(str, OTHERS))
    assert {night.state for night in NIGHTS_OF_OTHERS} == {night.state for night in NIGHTS}
