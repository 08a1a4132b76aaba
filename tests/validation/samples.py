"""Small files, and a judge that is asked in every way at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.config.schemas import built_in
from orchestrator.validation import CANONICAL, BadRow, Dialect, Judge, Problem, Rule, Rules, Schema, Verdict

PLATFORM_DATA = built_in("platform.data")
PLATFORM_EVENTS = built_in("platform.events")
HEADER = "Reference,StartDate,StartTime,EndDate,EndTime"
ROW = "N1,01/07/2024,09:00,01/07/2024,17:00"
OTHER = "N2,02/07/2024,22:00,03/07/2024,06:00"
EVENTS_HEADER = "Reference,EventStartDate,EventStartTime,EventEndDate,EventEndTime,Description,TimeReference"
EVENT = "N1,01/07/2024,09:00,01/07/2024,17:00,late,0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    text: str
    verdict: Verdict
    bad: tuple[BadRow, ...]

    @property
    def found(self) -> list[tuple[Rule, int, int]]:
        """Every problem as rule, line and column, the fault of the file last."""
        problems: list[Problem] = [problem for row in self.bad for problem in row.problems]
        if self.verdict.fault:
            problems.append(self.verdict.fault)
        return [(problem.rule, problem.line, problem.column) for problem in problems]


def judge_in(
    chunks: Iterable[bytes],
    schema: Schema = PLATFORM_DATA,
    *,
    encoding: str = "utf-8",
    dialect: Dialect = CANONICAL,
    fast: bool = True,
) -> Judged:
    bad: list[BadRow] = []
    return _judged(Judge(schema, encoding=encoding, dialect=dialect, on_bad=bad.append, fast=fast), chunks, bad)


def judge_with(rules: Rules, chunks: Iterable[bytes]) -> Judged:
    bad: list[BadRow] = []
    return _judged(rules.judge(bad.append), chunks, bad)


def _judged(judge: Judge, chunks: Iterable[bytes], bad: list[BadRow]) -> Judged:
    text = "".join([judge.feed(chunk) for chunk in chunks]) + judge.close()
    return Judged(text=text, verdict=judge.verdict, bad=tuple(bad))


def judge(source: str | bytes, schema: Schema = PLATFORM_DATA, *, encoding: str = "utf-8") -> Judged:
    """Judge at one go, byte by byte and without the fast path: all have to agree."""
    data = source.encode() if isinstance(source, str) else source
    judged = judge_in([data], schema, encoding=encoding)
    assert judge_in([data], schema, encoding=encoding, fast=False) == judged
    if len(data) <= 10_000:
        assert judge_in((data[at : at + 1] for at in range(len(data))), schema, encoding=encoding) == judged
    return judged


def lines(*rows: str, end: str = "\r\n") -> str:
    return "".join(row + end for row in rows)
