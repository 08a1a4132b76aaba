"""The first rows of a file before and after: the one place that shows cells, for a person who asked to see them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from orchestrator.validation.decoding import Decoding
from orchestrator.validation.problem import BadRow
from orchestrator.validation.rules import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A record as it stands in the source from `line` on, and what is sent for it; "" with the reason why not."""

    line: int
    before: str
    after: str
    reason: str = ""


def explain(data: bytes, rules: Rules, rows: int) -> Iterator[Explained]:
    """The header and the first *rows*; *data* is the beginning of a file. Ends early where the file is at fault."""
    text, _ = Decoding(rules.encoding).decode(data, last=False)
    bad: list[BadRow] = []
    judge = replace(rules, encoding="utf-8").judge(bad.append)
    first, told, pieces = 1, 0, ""
    for number, line in enumerate(text.split("\n")[:-1], 1):
        if not pieces:
            first = number
        pieces += f"{line}\n"
        began, left_out = judge.has_begun, judge.left_out
        after = judge.feed(f"{line}\n".encode())
        reason = ""
        if judge.fault:
            reason = f"the file is not sent: {judge.fault.rule}: {judge.fault.message}"
        elif bad:
            reason = "; ".join(f"{problem.name or problem.column}: {problem.message}" for problem in bad.pop().problems)
        elif judge.left_out > left_out:
            reason = "left out by the mapping"
        elif not began and judge.has_begun and not after:
            yield Explained(line=first, before=pieces.rstrip("\r\n"), after=judge.header)
        if after or reason:
            sent = after.removeprefix(judge.header).lstrip("\r\n")
            yield Explained(line=first, before=pieces.rstrip("\r\n"), after=sent, reason=reason)
            told += 1
        if judge.is_between_rows:
            pieces = ""
        if told == rows or judge.fault:
            return
