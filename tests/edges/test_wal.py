"""What a write-ahead log holds: the same as SQLite finds, and whether that is all that was durable."""

from __future__ import annotations

import random
import shutil
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.edges.wal import Log, judge

HEADER, FRAME = 32, 24 + 4096
ROWS = 8


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.sqlite3"


def log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def writing(path: Path) -> sqlite3.Connection:
    """Never to be closed before its log was copied: the last one takes the log with it."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    return db


def write(db: sqlite3.Connection, rows: int, size: int = 3000) -> None:
    """A commit of a page for each of the rows, and one or two more."""
    db.execute("BEGIN")
    db.executemany("INSERT INTO t VALUES (?)", [("x" * size,)] * rows)
    db.execute("COMMIT")


@pytest.fixture
def log(path: Path) -> bytes:
    """Of nine commits: the table, and its rows one by one."""
    with closing(writing(path)) as db:
        db.execute("CREATE TABLE t (a)")
        for _ in range(ROWS):
            write(db, 1)
        shutil.copy(path, path.with_name("copy"))
        return log_of(path).read_bytes()


def taken_up(path: Path, log: bytes) -> int:
    """Commits that SQLite finds in it."""
    copy = path.with_name("again")
    shutil.copy(path.with_name("copy"), copy)
    log_of(copy).write_bytes(log)
    with closing(sqlite3.connect(copy)) as db:
        if not db.execute("SELECT 1 FROM sqlite_master").fetchone():
            return 0
        return 1 + int(db.execute("SELECT count(*) FROM t").fetchone()[0])


def flipped(log: bytes, at: int) -> bytes:
    return log[:at] + bytes([log[at] ^ 4]) + log[at + 1 :]


def ends(log: bytes) -> list[int]:
    """Where the frames begin that end a commit."""
    return [at for at in range(HEADER, len(log), FRAME) if log[at + 4 : at + 8] != b"\0\0\0\0"]


def test_a_whole_log_is_whole(path: Path, log: bytes) -> None:
    assert judge(log) == Log(1 + ROWS, spoiled=False)
    assert taken_up(path, log) == 1 + ROWS


@pytest.mark.parametrize("seed", range(60))
def test_a_bit_that_went_wrong_is_noticed_unless_it_may_be_the_commit_that_was_torn(
    path: Path, log: bytes, seed: int
) -> None:
    at = random.Random(seed).randrange(HEADER, len(log))
    damaged = flipped(log, at)
    found = judge(damaged)

    assert found.kept == taken_up(path, damaged)
    assert found.spoiled == (at < ends(log)[-2] + FRAME)


def test_the_end_of_a_commit_that_went_wrong_itself_is_noticed(log: bytes) -> None:
    """Its own checksum is gone, and with it where the next frame begins to count."""
    last_but_one = ends(log)[-2]

    assert judge(flipped(log, last_but_one + 20)).spoiled
    assert judge(flipped(log, last_but_one + 10)).spoiled, "the salts"
    assert not judge(flipped(log, ends(log)[-1] + 20)).spoiled


@pytest.mark.parametrize("block", [512, 4096])
def test_a_block_of_the_disk_that_went_wrong_is_noticed(log: bytes, block: int) -> None:
    for start in range(block, ends(log)[-3], block):
        assert judge(log[:start] + b"\xa5" * block + log[start + block :]).spoiled


@pytest.mark.parametrize("cut", [0, 1, 31, 32, 33, 5000, 20000, 40000])
def test_a_log_that_ends_sooner_is_torn_and_no_more(path: Path, log: bytes, cut: int) -> None:
    found = judge(log[:cut])

    assert not found.spoiled
    assert found.kept == taken_up(path, log[:cut])


@pytest.mark.parametrize("at", range(HEADER))
def test_a_header_that_went_wrong_is_noticed_where_something_follows(path: Path, log: bytes, at: int) -> None:
    damaged = flipped(log, at)

    assert taken_up_or_refused(path, damaged) == 0
    assert judge(damaged) == Log(0, spoiled=True)
    assert judge(damaged[:HEADER]) == judge(damaged[:HEADER] + bytes(FRAME)) == Log(0, spoiled=False)


def taken_up_or_refused(path: Path, log: bytes) -> int:
    try:
        return taken_up(path, log)
    except sqlite3.OperationalError:
        return 0


def test_what_an_earlier_generation_left_behind_the_end_is_no_part_of_it(path: Path) -> None:
    with closing(writing(path)) as db:
        db.execute("CREATE TABLE t (a)")
        for _ in range(ROWS):
            write(db, 1)
        db.execute("PRAGMA wal_checkpoint(RESTART)")
        write(db, 1)
        again = log_of(path).read_bytes()

    assert len(again) > ends(again)[0] + FRAME
    assert judge(again) == Log(1, spoiled=False)
    assert judge(flipped(again, HEADER + 100)) == Log(0, spoiled=False), "it may have been torn"


def test_commits_that_failed_and_were_written_over_are_no_damage(path: Path) -> None:
    """Of each the end is left, where the next one, which was shorter, did not reach."""
    with closing(writing(path)) as db:
        db.execute("CREATE TABLE t (a)")
        content = log_of(path).read_bytes()
        begun = len(content)
        left = b""
        for rows in (1, 4, 8):
            copy = path.with_name(f"{rows}")
            shutil.copy(path, copy)
            log_of(copy).write_bytes(content)
            with closing(writing(copy)) as other:
                write(other, rows)
                written = log_of(copy).read_bytes()
            assert written[: len(content)] == content, "the same log went on"
            left += written[begun + len(left) :]
    everything = content + left

    assert len(ends(everything)) == 4
    assert judge(everything) == Log(2, spoiled=False)


def test_sums_over_words_of_the_other_order_are_read_too(path: Path, log: bytes) -> None:
    """What a machine that begins a number with its highest byte writes."""
    other = bytearray(log)
    struct.pack_into(">I", other, 0, struct.unpack_from(">I", log)[0] ^ 1)
    one = two = 0

    def add(words: bytes) -> None:
        nonlocal one, two
        order = ">" if other[3] & 1 else "<"
        for even, odd in struct.iter_unpack(f"{order}2I", words):
            one = (one + even + two) % 2**32
            two = (two + odd + one) % 2**32

    add(other[:24])
    struct.pack_into(">2I", other, 24, one, two)
    for at in range(HEADER, len(log), FRAME):
        add(other[at : at + 8])
        add(other[at + 24 : at + FRAME])
        struct.pack_into(">2I", other, at + 16, one, two)

    assert judge(bytes(other)) == Log(1 + ROWS, spoiled=False)
    assert taken_up(path, bytes(other)) == 1 + ROWS
