"""The witness sees what is committed at the moment of its look, and misses what is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.ledger import ledger_of
from crash.witness import Witness
from edges.jobs import CHECKED, STARTED, new_job
from edges.ledgers import a_ledger
from orchestrator.edges.ledger import SqliteLedger
from orchestrator.model import Accepted, SendStarted, SendUndone, TailReleased, Token

FILE = new_job("f00")
HELD = SendStarted(overwrite=False, at=0.0, held=True)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    ledger_of(tmp_path).parent.mkdir()
    with a_ledger(ledger_of(tmp_path)) as ledger:
        yield ledger


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return Witness(out=tmp_path)


def test_before_there_is_a_ledger_everything_is_unforeseen(witness: Witness) -> None:
    witness.upload("f00")
    witness.look("token")

    assert [line.partition(":")[0] for line in witness.unforeseen] == ["2 write-ahead", "3 durable tokens"]
    assert witness.seen == 2


async def test_an_upload_needs_an_intent_of_its_own(ledger: SqliteLedger, witness: Witness) -> None:
    job = await ledger.record(FILE, CHECKED, STARTED)
    witness.upload("f00")
    assert witness.unforeseen == []

    job = await ledger.record(job, SendUndone("busy"))
    witness.upload("f00")
    assert witness.unforeseen == ["2 write-ahead: send 2 of f00 came before its intent"]


async def test_a_whole_body_needs_the_release_of_its_own_tail(ledger: SqliteLedger, witness: Witness) -> None:
    job = await ledger.record(FILE, CHECKED, HELD)
    job = await ledger.record(job, TailReleased())
    witness.upload("f00")
    assert witness.unforeseen == []

    job = await ledger.record(job, SendUndone("busy"))
    await ledger.record(job, HELD)
    witness.upload("f00")
    assert witness.unforeseen == ["2 write-ahead: the tail of send 2 of f00 was not let go"]


async def test_a_token_is_asked_with_when_it_is_in_the_ledger(ledger: SqliteLedger, witness: Witness) -> None:
    job = await ledger.record(FILE, CHECKED, STARTED)
    witness.look("token")
    await ledger.record(job, Accepted(Token("token"), 0.0))
    witness.look("token")

    assert witness.unforeseen == ["3 durable tokens: token was asked for before the ledger held it"]
