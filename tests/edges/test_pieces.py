"""A file that is sent in parts: each is read by itself, and is to the byte what the check of the whole found."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edges.samples import HEADER, text_of
from orchestrator.edges.folder import Folder, FolderConfig
from orchestrator.edges.inbox import FolderInbox, InboxConfig
from orchestrator.edges.pieces import line_starts
from orchestrator.edges.rejects import Rejects
from orchestrator.errors import SourceChanged
from orchestrator.intake import new_job
from orchestrator.model import Job, Name, Rejected, RelPath, evolve
from orchestrator.naming import key_of, part_name
from orchestrator.ports import HELD_LIMIT, File, InParts, Moving, Piece, Prepared, Reading
from orchestrator.validation import Limits, Schema, SourceLines
from validation.samples import PLATFORM_DATA

REST = ",01/07/2024,09:00,01/07/2024,17:00"
A = RelPath("a.csv")
UNIQUE = replace(
    PLATFORM_DATA,
    columns=(
        replace(PLATFORM_DATA.columns[0], constraints=replace(PLATFORM_DATA.columns[0].constraints, unique=True)),
        *PLATFORM_DATA.columns[1:],
    ),
)


def inbox_of(root: Path, limits: Limits, *, schema: Schema = PLATFORM_DATA, **config: object) -> FolderInbox:
    given = {"data": (schema,), "events": (), "name": "{relative}", "drop_rows": True, "limits": limits}
    folder = Folder(FolderConfig(root=root, pattern="*.csv", events="{stem}.events.csv"))
    return FolderInbox(folder, Rejects(root / "rejects"), InboxConfig(**(given | config)))  # type: ignore[arg-type]  # as given


async def judged(inbox: FolderInbox, file: File) -> InParts:
    reading = await inbox.read(file)
    assert isinstance(reading, Reading)
    verdict = await inbox.judge(reading)
    assert isinstance(verdict, InParts), verdict
    return verdict


def job_of(piece: Piece) -> Job:
    name = part_name(NAME, piece.part.number)
    return evolve(replace(new_job(key_of(name), name, A, piece.source), part=piece.part), piece.checked)


NAME = Name("a")


def listed(root: Path) -> File:
    folder = Folder(FolderConfig(root=root, pattern="*.csv", events="{stem}.events.csv"))
    (file,) = folder.list()
    return file


async def texts(inbox: FolderInbox, file: File, pieces: Sequence[Piece]) -> list[str]:
    found = []
    for piece in pieces:
        reading = await inbox.read(file, job_of(piece))
        assert isinstance(reading, Reading)
        verdict = await inbox.judge(reading)
        assert isinstance(verdict, Prepared), verdict
        found.append(await text_of(verdict.body.data))
    return found


GOOD = st.sampled_from(["N1", "N22", '"a, b"', "é✓", '"two\nlines"']).map(lambda name: name + REST)
LINES = st.lists(
    st.one_of(GOOD, GOOD, GOOD, st.just(""), st.just(REST), st.just("ragged,row")), min_size=4, max_size=30
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(LINES, st.integers(1, 5), st.sampled_from(["", "\ufeff"]), st.sampled_from(["", "\n\n"]), st.booleans())
async def test_the_parts_as_they_are_sent_are_the_rows_of_the_whole_and_know_their_lines(
    tmp_path: Path, lines: list[str], rows: int, bom: str, above: str, header: bool
) -> None:
    content = bom + above + "\n".join([HEADER, *lines] if header else lines)
    (tmp_path / A).write_text(content, newline="")
    file, inbox = listed(tmp_path), inbox_of(tmp_path, Limits(rows=rows))
    reading = await inbox.read(file)
    assert isinstance(reading, Reading)
    verdict = await inbox.judge(reading)
    if not isinstance(verdict, InParts):
        return
    found = await texts(inbox, file, verdict.pieces)
    whole = verdict.checked.sheets.data
    row = 0
    for text, piece in zip(found, verdict.pieces, strict=True):
        sheet = piece.checked.sheets.data
        assert text.startswith(f"{HEADER}\r\n")
        assert hashlib.sha256(text.encode()).hexdigest() == sheet.sent == piece.source.data
        for mine in range(1, sheet.rows - sheet.bad + 1):
            row += 1
            assert SourceLines(sheet.header, sheet.gaps)[mine] == SourceLines(whole.header, whole.gaps)[row]
    assert row == whole.rows - whole.bad


@pytest.mark.parametrize("large", [False, True])
async def test_a_row_that_is_wrong_beside_one_of_another_part_is_in_none(tmp_path: Path, large: bool) -> None:
    rows = [f"N{number}{REST}" for number in (1, 2, 3, 1, 4, 2)] + [
        f"P{number}{REST}" for number in range(210_000 * large)
    ]
    (tmp_path / A).write_text("\n".join([HEADER, *rows]), newline="")
    file = listed(tmp_path)
    assert (file.size > HELD_LIMIT) == large
    inbox = inbox_of(tmp_path, Limits(rows=2 if not large else 150_000), schema=UNIQUE)
    verdict = await judged(inbox, file)
    found = await texts(inbox, file, verdict.pieces)

    sent = [row for text in found for row in text.split("\r\n")[1:]]
    assert sent == [f"N{number}{REST}" for number in (1, 2, 3, 4)] + rows[6:]
    assert sum(piece.checked.sheets.data.bad for piece in verdict.pieces) == 2


async def test_a_part_of_a_file_that_changed_there_is_not_sent_and_the_others_are(tmp_path: Path) -> None:
    rows = [f"N{number}{REST}" for number in range(9)]
    (tmp_path / A).write_text("\n".join([HEADER, *rows]), newline="")
    file, inbox = listed(tmp_path), inbox_of(tmp_path, Limits(rows=3))
    pieces = (await judged(inbox, file)).pieces
    rows[4] = f"X4{REST}"
    (tmp_path / A).write_text("\n".join([HEADER, *rows]), newline="")
    assert isinstance(await inbox.read(file, job_of(pieces[0])), Moving), "since it was listed"
    ends, file = [], listed(tmp_path)
    for piece in pieces:
        reading = await inbox.read(file, job_of(piece))
        assert isinstance(reading, Reading)
        ends.append(type(await inbox.judge(reading)))

    assert ends == [Prepared, Rejected, Prepared]


async def test_a_part_of_a_file_that_is_gone_is_looked_at_again_by_the_next_run(tmp_path: Path) -> None:
    rows = [f"N{number}{REST}" for number in range(4)]
    (tmp_path / A).write_text("\n".join([HEADER, *rows]), newline="")
    file, inbox = listed(tmp_path), inbox_of(tmp_path, Limits(rows=3))
    pieces = (await judged(inbox, file)).pieces
    (tmp_path / A).unlink()

    assert isinstance(await inbox.read(file, job_of(pieces[0])), Moving)


async def test_parts_tell_no_bad_row_a_second_time(tmp_path: Path) -> None:
    rows = [f"N{number}{REST}" for number in range(9)] + [REST]
    (tmp_path / A).write_text("\n".join([HEADER, *rows]), newline="")
    file, inbox = listed(tmp_path), inbox_of(tmp_path, Limits(rows=3))
    verdict = await judged(inbox, file)
    before = (tmp_path / "rejects" / A).read_text()
    await texts(inbox, file, verdict.pieces)

    assert (tmp_path / "rejects" / A).read_text() == before
    assert before.count("required") == 1


async def test_what_travels_with_events_cannot_be_divided(tmp_path: Path) -> None:
    (tmp_path / A).write_text("\n".join([HEADER, *[f"N{number}{REST}" for number in range(4)]]), newline="")
    (tmp_path / "a.events.csv").write_text(
        "\n".join([HEADER, *[f"N{number}{REST}" for number in range(4)]]), newline=""
    )
    inbox = inbox_of(tmp_path, Limits(rows=3), events=(PLATFORM_DATA,))
    reading = await inbox.read(listed(tmp_path))
    assert isinstance(reading, Reading)
    verdict = await inbox.judge(reading)

    assert isinstance(verdict, Rejected)
    assert "make it smaller" in verdict.cause


async def test_what_cannot_be_divided_by_bytes_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / A).write_text("\n".join([HEADER, *[f"N{number}{REST}" for number in range(4)]]), encoding="utf-16")
    inbox = inbox_of(tmp_path, Limits(rows=3))
    reading = await inbox.read(listed(tmp_path))
    assert isinstance(reading, Reading)
    verdict = await inbox.judge(reading)

    assert isinstance(verdict, Rejected)
    assert "save it as UTF-8" in verdict.cause


@given(st.lists(st.binary(max_size=9), max_size=20), st.integers(1, 30))
def test_lines_are_found_however_the_bytes_are_cut(pieces: list[bytes], size: int) -> None:
    content = b"\n".join(pieces)
    marks = [(content.count(b"\n", 0, at) + 1, at) for at in range(0, len(content) + 1, size)]
    lines = content.split(b"\n")
    expected = [sum(len(before) + 1 for before in lines[:at]) for at in range(len(lines))]

    assert list(line_starts(io.BytesIO(content), range(1, len(lines) + 1), marks)) == expected
    with pytest.raises(SourceChanged):
        list(line_starts(io.BytesIO(content), [len(lines) + 1], marks))
