"""Input beyond any reason is refused by the real command: within a gigabyte of addresses, and in flat memory."""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.program import call
from cli.pushes import pushing

WRAPPER = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
code = os.spawnv(os.P_WAIT, sys.argv[2], sys.argv[2:])
with open(sys.argv[1], "w") as told:
    told.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10))
sys.exit(code)
"""
FLAT = 200 << 20
OF_A_SMALL_FILE = 80 << 20
LARGE = FLAT
"""Bytes of a file that could not be held, as the program itself takes some, too."""
HEADER = b"Reference,StartDate,StartTime,EndDate,EndTime\r\n"
ROW = b"N1,01/07/2024,09:00,01/07/2024,17:00\r\n"
BAD = b"N1,31/06/2024,09:00,01/07/2024,17:00\r\n"


def sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, LARGE)


def wide(path: Path) -> None:
    columns = 1_000_000
    path.write_bytes(b",".join(b"c%d" % number for number in range(columns)) + b"\r\n" + b"x," * (columns - 1) + b"x")


def bomb(path: Path) -> None:
    path.write_bytes(gzip.compress(bytes(LARGE), compresslevel=1))


def bad(path: Path) -> None:
    rows = ROW * 9_999 + BAD
    with path.open("wb") as file:
        file.write(HEADER)
        while file.tell() < LARGE:
            file.write(rows)


def in_one_line(path: Path) -> None:
    with path.open("wb") as file:
        file.write(HEADER)
        for _ in range(LARGE >> 20):
            file.write(b"x" * (1 << 20))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (sparse, "nul: holds a NUL character"),
        (wide, "record_size: the row has more than 1,048,576 characters"),
        (bomb, ": save the file as UTF-8, unpacked if it is packed"),
        (in_one_line, "field_size: the cell has more than 131,072 characters"),
        (bad, "rows are bad; see rejects/"),
    ],
)
async def test_what_is_far_too_large_is_refused_in_flat_memory(
    tmp_path: Path, make: Callable[[Path], None], words: str
) -> None:
    (tmp_path / "inbox").mkdir()
    make(tmp_path / "inbox" / "a.csv")
    told = tmp_path / "peak"
    nowhere = ("target.base_url=http://127.0.0.1:9", "target.token_url=http://127.0.0.1:9", "target.client_id=canary")
    outcome = await call(
        *("run", "inbox", "--json", "--set", "input.settle=0"),
        *(word for setting in nowhere for word in ("--set", setting)),
        cwd=tmp_path,
        by=(sys.executable, "-c", WRAPPER, str(told)),
        ORCHESTRATOR_TARGET__CLIENT_SECRET="canary",
        ORCHESTRATOR_TARGET__API_KEY="canary",
    )

    assert (outcome.code, outcome.ends) == (3, {"found": 1, "rejected": 1})
    assert words in outcome.err
    assert int(told.read_text()) < FLAT
    (tmp_path / "inbox" / "a.csv").unlink()  # folders of tests are kept for a while


async def test_rows_of_two_lines_each_are_checked_in_memory_that_is_flat(tmp_path: Path) -> None:
    """Each leaves a line on which no row begins, and as many are remembered as there are rows: as pairs of numbers
    they would take some 36 MB."""
    (tmp_path / "inbox").mkdir()
    with (tmp_path / "inbox" / "a.csv").open("wb") as file:
        file.write(HEADER)
        for _ in range(30):
            file.write(ROW.replace(b"N1", b'"N\n1"') * 10_000)
    told = tmp_path / "peak"
    by = (sys.executable, "-c", WRAPPER, str(told))
    outcome = await call("validate", "inbox", "--set", "input.settle=0", cwd=tmp_path, by=by)

    assert outcome.code == 0
    assert int(told.read_text()) < OF_A_SMALL_FILE
    (tmp_path / "inbox" / "a.csv").unlink()


async def test_records_are_brought_in_in_memory_that_is_flat(tmp_path: Path) -> None:
    peaks = []
    for supply in (1_000, 30_000):
        (tmp_path / str(supply)).mkdir()
        told = tmp_path / f"{supply}.peak"
        async with pushing(tmp_path / str(supply), {}, supply=supply) as stage:
            outcome = await call(
                *("pull", "-c", str(stage.config), "-o", str(stage.out), "--json"),
                cwd=tmp_path,
                by=(sys.executable, "-c", WRAPPER, str(told)),
                **stage.secrets,
            )
            assert outcome.json["records"] == supply, outcome.err
        peaks.append(int(told.read_text()))

    assert peaks[1] - peaks[0] < 8 << 20, "held, they would take several times that"
