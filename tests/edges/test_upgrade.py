"""A ledger that an earlier version of this program wrote, kept as it was; the program goes on with it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edges.ledgers import TARGET, a_ledger, rows
from orchestrator.edges.tables import SCHEMA_VERSION, UPGRADES
from orchestrator.edges.view import open_view
from orchestrator.errors import OutputError
from orchestrator.model import Accepted, Checked, Digest, Key, SendUndone, Source, State, Token, next_version
from orchestrator.ranges import Ranges, ranges_of

GOLDEN = {version: Path(__file__).with_name(f"ledger-{version}.sql") for version in ("1", "2", "3", "4", "5")}


def test_every_earlier_version_is_kept_here_and_leads_to_this_one() -> None:
    assert set(UPGRADES) == set(GOLDEN)
    assert SCHEMA_VERSION not in UPGRADES


@pytest.fixture(params=GOLDEN)
def earlier(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return written_by(request.param, tmp_path)


def written_by(version: str, root: Path) -> Path:
    path = root / ".orchestrator" / "ledger.sqlite3"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db:
        db.executescript(GOLDEN[version].read_text())
    return path


async def test_a_run_goes_on_with_an_earlier_ledger(earlier: Path) -> None:
    with a_ledger(earlier) as ledger:
        assert {job.name: job.state for job in ledger.unfinished()} == {
            "waiting": State.WAITING,
            "sending": State.SENDING,
            "doubt": State.IN_DOUBT,
        }
        sending = ledger.find(Key("sending"))
        assert sending is not None
        assert not sending.held, "nothing was ever kept back by the version that wrote this"
        await ledger.record(sending, SendUndone("not sent"))
        holder = ledger.holder(Token("t-fin"))
        assert holder is not None
        assert holder.name == "finished"

    assert rows(earlier, "SELECT value FROM meta WHERE key = 'schema'") == [(SCHEMA_VERSION,)]
    with a_ledger(earlier) as ledger:
        waiting = ledger.find(Key("waiting"))
        assert waiting is not None
        assert waiting.token == "t-done"
        assert waiting.lost_at is None


async def test_lines_that_an_earlier_version_wrote_in_pairs_are_read_and_kept(tmp_path: Path) -> None:
    path = written_by("4", tmp_path)
    with a_ledger(path) as ledger:
        before = ledger.find(Key("refused"))
        assert before is not None
        assert before.checked is not None
        assert before.checked.data.gaps == Ranges.of([(1, 1), (4, 6), (200, 900)])
        assert before.checked.data.refused == ranges_of([3, 7])
        await ledger.record(next_version(before, Source(data=Digest("f" * 64), size=9)), Checked(before.checked, ""))
    with a_ledger(path) as ledger:
        after = ledger.find(Key("refused"))
        assert after is not None
        assert (after.version, after.checked) == (2, before.checked)


def test_a_foreign_ledger_is_left_as_it_is(earlier: Path) -> None:
    before = rows(earlier, "SELECT * FROM meta"), rows(earlier, "SELECT sql FROM sqlite_master")
    with pytest.raises(OutputError, match="belongs to"), a_ledger(earlier, target=f"{TARGET} no more"):
        pass

    assert (rows(earlier, "SELECT * FROM meta"), rows(earlier, "SELECT sql FROM sqlite_master")) == before


def test_who_only_looks_is_told_that_a_run_brings_it_up_to_date(earlier: Path) -> None:
    with pytest.raises(OutputError, match="next run brings it up to date"), open_view(earlier):
        pass


def test_the_tables_are_the_same_whether_made_now_or_brought_up_to_date(earlier: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.sqlite3"
    for path in (earlier, new):
        with a_ledger(path):
            pass

    def shape(path: Path) -> dict[str, set[str]]:
        tables = [name for (name,) in rows(path, "SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: {str(row[1:6]) for row in rows(path, f"PRAGMA table_info({table})")} for table in tables}

    def indexes(path: Path) -> set[str]:
        return {sql for (sql,) in rows(path, "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")}

    assert shape(earlier) == shape(new)
    assert indexes(earlier) == indexes(new)


async def test_the_history_of_an_earlier_version_is_kept(earlier: Path) -> None:
    before = rows(earlier, "SELECT * FROM events")
    with a_ledger(earlier) as ledger:
        sending = ledger.find(Key("sending"))
        assert sending is not None
        await ledger.record(sending, Accepted(Token("t"), 1.0))

    assert rows(earlier, "SELECT * FROM events")[: len(before)] == before
