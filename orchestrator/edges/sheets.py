"""One CSV file, judged: from memory, or as a stream.

What is streamed is read and judged again while it is sent; the last piece leaves only when the hash is that of the
first reading.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import BinaryIO, Protocol, Self

import aiofiles
import anyio.from_thread
import anyio.to_thread
from aiofiles.threadpool.binary import AsyncFileIO

from orchestrator.edges.escaped import json_length
from orchestrator.edges.folder import Folder
from orchestrator.edges.judged import Judged
from orchestrator.edges.pieces import LONGEST_MARK, is_divisible, line_starts
from orchestrator.edges.suspects import Nobody, Suspects
from orchestrator.errors import SourceChanged
from orchestrator.model import Digest, Job, Part, RelPath
from orchestrator.ports import Held, Streamed, Text
from orchestrator.ranges import Ranges
from orchestrator.validation import NO_MENDS, BadRow, Judge, Mends, Problem, Rules, Schema, Verdict

CHUNK = 1 << 20


class RejectsList(Protocol):
    """Where the bad rows of one file go; nothing comes of it when nothing is added."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def add(self, bad: BadRow, names: Sequence[str]) -> None:
        """*names*: the columns as they stand in the file."""

    def add_fault(self, fault: Problem, names: Sequence[str]) -> None: ...

    def note(self, verdict: Verdict) -> None:
        """What is no bad row, but worth to be told."""


class RejectsLists(Protocol):
    def lists(self, path: RelPath, source: Digest | None) -> bool:
        """Whether there is a list that was made of this content of the file."""

    def clear(self, path: RelPath) -> None:
        """There is no such file."""

    def open(self, path: RelPath, source: Digest) -> RejectsList:
        """Of the file when its bytes were *source*."""


class SheetReader:
    def __init__(self, folder: Folder, rejects: RejectsLists, suspects: Suspects | Nobody) -> None:
        self._folder = folder
        self._rejects = rejects
        self._suspects = suspects

    def judge(
        self, rules: Rules, path: RelPath, content: bytes | None, digest: Digest, mends: Mends = NO_MENDS
    ) -> Judged:
        """*content* is None for a file that is too large to hold. Raises SourceChanged and OSError for it."""
        with self._suspects.reading(path), self._rejects.open(path, digest) as rejects:
            judge = rules.judge(lambda bad: rejects.add(bad, judge.names), mends)  # noqa: F821  # till all rows came
            part: Text
            if content is not None:
                text = judge.feed(content) + judge.close()
                encoded = text.encode()
                part, sent = Held(text), digest if encoded == content else _sha256(encoded)
                verdict = judge.verdict
                starts = _starts(rules, verdict, io.BytesIO(content), [(1, 0)])
            else:
                hashed, size, json_size, marks = hashlib.sha256(), 0, 0, list[tuple[int, int]]()
                with os.fdopen(self._folder.open(path), "rb") as file:
                    for piece in _judged_pieces(judge, file, digest, marks):
                        encoded = piece.encode()
                        hashed.update(encoded)
                        size += len(encoded)
                        json_size += 0 if judge.is_divided else json_length(piece)  # then it never goes as a whole
                    verdict = judge.verdict
                    starts = _starts(rules, verdict, file, marks)
                sent = Digest(hashed.hexdigest())
                part = Streamed(
                    size=size,
                    json_size=json_size,
                    pieces=lambda: self._pieces(partial(rules.judge, mends=mends), path, digest, json_size),
                )
            if verdict.fault is not None:
                rejects.add_fault(verdict.fault, judge.names)
            rejects.note(verdict)
        del judge  # what it calls knows it in turn: its keys would stay in memory for some time
        return Judged.of(path, verdict, part, sent, starts)

    def judge_part(self, rules: Rules, job: Job, content: bytes, mends: Mends = NO_MENDS) -> Held | None:
        """The text of the part that *job* is; None when these are not the rows that were checked."""
        assert job.part is not None
        assert job.checked is not None
        sheet, part = job.checked.data, job.part
        schema = next((schema for schema in rules.schemas if schema.name == sheet.schema), None)
        if schema is None:
            return None
        if not sheet.header:
            rules, content = _with_names(rules, schema, part, content)
        above = content.count(b"\n", 0, part.head) if sheet.header else 1
        shift = part.line - above - 1
        # The second time because one row may be wrong only beside another, which stands in another part.
        for left_out in (None, _Lines(sheet.gaps, shift)):
            judge = rules.judge_again(schema, left_out, mends.shifted(shift))
            text = judge.feed(content) + judge.close()
            if _sha256(text.encode()) == sheet.sent:
                return Held(text)
        return None

    async def _pieces(
        self, make: Callable[[], Judge], path: RelPath, expected: Digest, size: int
    ) -> AsyncIterator[str]:
        """The last piece is kept back until the hash is known, and no more is ever given than was measured."""
        judge = await anyio.to_thread.run_sync(make)
        digest = hashlib.sha256()
        kept, left = "", size
        try:
            fd = self._folder.open(path)
        except OSError:
            raise SourceChanged("it went away before it was sent") from None
        async with aiofiles.open(fd, "rb", buffering=0) as file:
            while chunk := await _next_of(file):
                digest.update(chunk)
                piece = await anyio.to_thread.run_sync(judge.feed, chunk)
                if piece and kept:
                    left -= json_length(kept)
                    if left <= 0:
                        raise SourceChanged("it grew while it was sent")
                    yield kept
                kept = piece or kept
        kept += judge.close()
        if digest.hexdigest() != expected:
            raise SourceChanged("it changed while it was sent")
        yield kept


async def _next_of(file: AsyncFileIO) -> bytes:
    """Raises SourceChanged where the disk does not give it any more: what was sent of it is not whole."""
    try:
        return await file.read(CHUNK)
    except OSError as error:
        raise SourceChanged(f"it could not be read to its end while it was sent ({error.strerror})") from None


def _with_names(rules: Rules, schema: Schema, part: Part, content: bytes) -> tuple[Rules, bytes]:
    """Lest the first row of a part be taken for the names; what is skipped stands above the first part only."""
    dialect = rules.dialect if part.number == 1 else replace(rules.dialect, skip_rows=0)
    at = part.head
    for _ in range(dialect.skip_rows):
        at = content.index(b"\n", at) + 1
    names = f"{dialect.delimiter.join(schema.names)}\n".encode("utf-8" if part.head else rules.encoding)
    return replace(rules, dialect=dialect), content[:at] + names + content[at:]


class _Lines:
    """Whether a line of a part begins no row that is sent."""

    def __init__(self, gaps: Ranges, shift: int) -> None:
        self._gaps = gaps
        self._shift = shift

    def __call__(self, line: int) -> bool:
        return line + self._shift in self._gaps


def _judged_pieces(judge: Judge, file: BinaryIO, expected: Digest, marks: list[tuple[int, int]]) -> Iterator[str]:
    """Adds to *marks* which line every chunk begins on. Raises SourceChanged at the end."""
    digest, at = hashlib.sha256(), 0
    for chunk in iter(lambda: file.read(CHUNK), b""):
        heed_a_stop()
        digest.update(chunk)
        marks.append((judge.line, at))
        at += len(chunk)
        yield judge.feed(chunk)
    yield judge.close()
    if digest.hexdigest() != expected:
        raise SourceChanged("it changed while it was checked")


def heed_a_stop() -> None:
    """Whoever waits for this thread may be told to end, and a large file takes its time. Raises what ends it."""
    with suppress(RuntimeError):  # in no thread of an event loop, nobody waits
        anyio.from_thread.check_cancelled()


def _starts(rules: Rules, verdict: Verdict, source: BinaryIO, marks: Sequence[tuple[int, int]]) -> list[int]:
    """Of a file that is divided."""
    source.seek(0)
    if not verdict.cuts or not is_divisible(source.read(LONGEST_MARK), rules.encoding):
        return []
    lines = [verdict.header_line + 1, *(cut.line for cut in verdict.cuts[1:])]
    return [*line_starts(source, lines, marks), source.seek(0, os.SEEK_END)]


def _sha256(content: bytes) -> Digest:
    return Digest(hashlib.sha256(content).hexdigest())
