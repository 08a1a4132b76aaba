"""Which column the remote objects to in which line: never that of another row, and none where nobody knows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edges.jobs import ACCEPTED, CHECKED, STARTED, new_job
from edges.ledgers import a_ledger
from orchestrator.edges.ledger import SqliteLedger
from orchestrator.edges.objected import objected
from orchestrator.model import Completed, Digest, Divided, Job, Name, Part, RelPath, Source, Token
from orchestrator.naming import key_of, part_name, slug_of
from orchestrator.ranges import Ranges

A, B = Digest("a" * 64), Digest("b" * 64)
PATH = RelPath("roster.csv")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out" / ".orchestrator").mkdir(parents=True)
    return tmp_path / "out"


def ledger_of(out: Path) -> Path:
    return out / ".orchestrator" / "ledger.sqlite3"


def tell(place: Path, *lines: str, header: str = "row,line,says,column") -> None:
    place.mkdir(parents=True, exist_ok=True)
    (place / "objections.csv").write_text("".join(f"{line}\r\n" for line in (header, *lines)), newline="")


async def done(ledger: SqliteLedger, *lines: tuple[int, int], version: int = 1, content: Digest = A) -> Job:
    """One version, of which rows on these lines were refused."""
    job = replace(new_job(version=version), source=Source(data=content, size=10))
    token = replace(ACCEPTED, token=Token(f"t{version}"))
    return await ledger.record(job, CHECKED, STARTED, token, Completed(refused=len(lines), lines=Ranges.of(lines)))


async def test_of_each_row_the_newest_version_that_has_it_is_what_counts(out: Path) -> None:
    with a_ledger(ledger_of(out)) as ledger:
        await done(ledger, (2, 4))
        await done(ledger, (3, 4), version=2)
    tell(out / "results/roster/v1", *(f"{line - 1},roster.csv:{line},no,user_name" for line in (2, 3, 4)))
    tell(out / "results/roster", "1,roster.csv:3,no,user_email", "2,roster.csv:4,no,")

    assert objected(out, PATH, A) == {2: "user_name", 3: "user_email"}
    assert objected(out, PATH, B) == {}, "its lines hold other rows"


async def test_what_was_said_of_other_bytes_and_of_those_before_them_is_about_other_rows(out: Path) -> None:
    with a_ledger(ledger_of(out)) as ledger:
        await done(ledger, (2, 2))
        await done(ledger, (3, 3), version=2, content=B)
        tell(out / "results/roster/v1", "1,roster.csv:2,no,user_name")
        tell(out / "results/roster", "2,roster.csv:3,no,user_name")
        assert objected(out, PATH, A) == {}

        await done(ledger, (4, 4), version=3)
        tell(out / "results/roster", "3,roster.csv:4,no,user_email")
        assert objected(out, PATH, A) == {4: "user_email"}


@pytest.mark.parametrize(
    "line",
    ["2,roster.csv:9,no,user_name", ",which row is not known,no,user_name", "x", "2,roster.csv:3,no"],
    ids=["a line that was not refused", "no line", "no table", "no column"],
)
async def test_what_is_not_about_a_refused_row_says_nothing(out: Path, line: str) -> None:
    with a_ledger(ledger_of(out)) as ledger:
        await done(ledger, (3, 3))
    tell(out / "results/roster", line)

    assert objected(out, PATH, A) == {}


async def test_objections_of_an_earlier_program_and_none_at_all_name_no_column(out: Path) -> None:
    with a_ledger(ledger_of(out)) as ledger:
        await done(ledger, (3, 3))
    assert objected(out, PATH, A) == {}

    tell(out / "results/roster", "2,roster.csv:3,no", header="row,line,says")
    assert objected(out, PATH, A) == {}
    assert objected(out / "elsewhere", PATH, A) == {}


async def in_parts(ledger: SqliteLedger, *lines: tuple[int, int]) -> None:
    """Three lines of a file of two parts, of which the second stood five lines further up when it went."""
    whole = new_job()
    for number, refused in enumerate([((2, 2),), ((6, 7),)], 1):
        name = part_name(Name("roster"), number)
        part = Part(number=number, of=2, head=1, start=1, size=1, line=5 * number)
        job = replace(new_job(), key=key_of(name), name=name, part=part)
        token = replace(ACCEPTED, token=Token(f"p{number}"))
        await ledger.record(job, CHECKED, STARTED, token, Completed(refused=2, lines=Ranges.of(refused)))
    await ledger.record(whole, CHECKED, Divided(2, 1.0), Completed(refused=3, lines=Ranges.of(lines)))


async def test_a_part_that_stood_on_other_lines_names_the_columns_of_its_own_rows(out: Path) -> None:
    with a_ledger(ledger_of(out)) as ledger:
        await in_parts(ledger, (2, 2), (11, 12))
    tell(out / f"results/{slug(1)}", "1,roster.csv:2,no,user_name")
    tell(out / f"results/{slug(2)}", "2,roster.csv:7,no,user_email")

    assert {line: column for line, column in objected(out, PATH, A).items() if column} == {
        2: "user_name",
        12: "user_email",
    }


async def test_where_the_parts_are_not_those_of_the_file_nothing_is_named(out: Path) -> None:
    with a_ledger(ledger_of(out)) as ledger:
        await in_parts(ledger, (2, 2), (11, 11))
    tell(out / f"results/{slug(1)}", "1,roster.csv:2,no,user_name")

    assert objected(out, PATH, A) == {}


def slug(number: int) -> str:
    return slug_of(part_name(Name("roster"), number))
