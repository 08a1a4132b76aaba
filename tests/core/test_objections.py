"""What the remote has against rows is told with the lines that they came from."""

from __future__ import annotations

import csv
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from fakes import FakeTarget
from journey import job_of, run, world

from orchestrator.model import Digest, Job, Key, Name, RelPath, Sheet, Sheets, Source, Token
from orchestrator.objections import joined
from orchestrator.ports import Fetched, Objection
from orchestrator.ranges import ranges_of

SHEET = Sheet(rows=4, bad=1, header=True, gaps=ranges_of([3, 4]), sent=Digest("d"))
SOURCE = Source(data=Digest("a"), size=1)


def job(checked: Sheets | None, source: Source = SOURCE) -> Job:
    return Job(key=Key("a"), version=1, name=Name("a"), path=RelPath("a.csv"), source=source, checked=checked)


def told(job: Job, *rows: tuple[int, ...]) -> list[list[str]]:
    body = joined(job, [Objection(rows=row, says="no") for row in rows]).body
    assert body is not None
    return [cells[:2] for cells in csv.reader(body.decode().splitlines())][1:]


def test_each_is_told_with_every_line_that_it_may_mean() -> None:
    assert told(job(Sheets(data=SHEET)), (1,), (2,), (3,), (2, 3), (4,), ()) == [
        ["1", "a.csv:2"],
        ["2", "a.csv:5"],
        ["3", "a.csv:6"],
        ["3", "a.csv:5 or a.csv:6"],
        ["4", ""],
        ["", "which row is not known"],
    ]
    assert told(job(None), (1,)) == [["1", ""]]


def test_where_two_files_were_sent_it_may_mean_a_row_of_either() -> None:
    events = Sheet(rows=1, header=False, sent=Digest("e"))
    both = replace(SOURCE, events=Digest("b"))

    assert told(job(Sheets(data=SHEET, events=events), both), (1,), (2,)) == [
        ["1", "a.csv:2 or its events:1"],
        ["2", "a.csv:5"],
    ]
    assert told(job(Sheets(data=SHEET, events=replace(events, sent=None)), both), (1,)) == [["1", "a.csv:2"]]


class Watched(tuple[int, ...]):
    """Rows that note who looks at them."""

    threads: set[int]

    def __iter__(self) -> Iterator[int]:
        self.threads.add(threading.get_ident())
        return super().__iter__()


@dataclass
class Objecting(FakeTarget):
    threads: set[int] = field(default_factory=set)

    async def fetch(self, token: Token, key: str) -> Fetched:
        rows = Watched((1,))
        rows.threads = self.threads
        return replace(await super().fetch(token, key), refused=1, objections=(Objection(rows=rows, says="no"),))


async def test_uploads_go_on_while_many_are_joined_to_their_lines() -> None:
    target = Objecting()
    w = world(target=target)
    await run(w)

    assert job_of(w).refused == 1
    assert target.threads
    assert threading.get_ident() not in target.threads
