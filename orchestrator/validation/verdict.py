"""What was found in a file."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.ranges import Ranges
from orchestrator.validation.cuts import Cut
from orchestrator.validation.problem import Problem, Warned
from orchestrator.validation.schema import Rule, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`schema` is the name of the kind that the file turned out to be, "" where it turned out to be none.

    `rows` counts the data rows that were read, good and bad, without header and blank lines, and without the
    `left_out`, which a mapping takes out. `header` is whether the source has one. `gaps` are the physical
    lines that no good row begins on, the header apart. `warned` counts the rows with a warning, good
    and bad. After a `fault` all of it is as far as the file was read.
    """

    schema: str
    rows: int
    bad: int
    back: int
    """Those of the bad that an earlier version, which the remote has, went without, and that nobody sent back."""
    left_out: int
    warned: int
    fault: Problem | None
    gaps: Ranges
    header_line: int
    """0 without a header."""
    cuts: tuple[Cut, ...]
    """Into which parts it is divided; none when it goes as a whole."""
    warnings: tuple[Warned, ...]

    @property
    def header(self) -> bool:
        return self.header_line > 0


class Tally:
    """Warnings, counted: as many entries as the schema has rules that warn, however many rows a file has."""

    __slots__ = ("_found", "rows")

    def __init__(self) -> None:
        self.rows = 0
        self._found: dict[tuple[int, Rule, str], tuple[Problem, int]] = {}

    def take(self, found: tuple[Problem, ...]) -> tuple[Problem, ...]:
        """Count the warnings among what was *found* in one row, and give back the rest."""
        warnings = [problem for problem in found if problem.severity is Severity.WARNING]
        if not warnings:
            return found
        self.rows += 1
        for problem in warnings:
            what = (problem.column, problem.rule, problem.message)
            first, count = self._found.get(what, (problem, 0))
            self._found[what] = (first, count + 1)
        return tuple(problem for problem in found if problem.severity is Severity.ERROR)

    def told(self) -> tuple[Warned, ...]:
        """In the order of the columns."""
        found = sorted(self._found.items(), key=lambda entry: entry[0])
        return tuple(Warned(problem=problem, count=count) for _, (problem, count) in found)
