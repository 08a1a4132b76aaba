"""What the check of one CSV means for the file that it is part of. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.model import Checked, Digest, Rejected, RelPath, Sheet, Sheets
from orchestrator.ports import Body, Prepared, Text
from orchestrator.validation import Cut, Problem, Verdict, rules_and

_REQUIRED = "events_required"
"""What judges a file beside the rules that judge all of them, where good rows of events are all that it lacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One CSV after its check, with what may be sent of it."""

    path: RelPath
    sheet: Sheet
    fault: Problem | None
    part: Text
    back: int = 0
    """Bad rows that an earlier version went without as well: no reason to keep the others back."""
    cuts: tuple[Cut, ...] = ()
    """Into which parts it is divided, if it is."""
    header_line: int = 0
    starts: tuple[int, ...] = ()
    """Where its rows begin among its bytes, where each later part does, and the end; none where bytes cannot tell."""

    @classmethod
    def of(cls, path: RelPath, verdict: Verdict, part: Text, sent: Digest, starts: Iterable[int] = ()) -> Judged:
        is_sent = verdict.fault is None and verdict.rows > verdict.bad
        sheet = Sheet(
            schema=verdict.schema,
            rows=verdict.rows,
            bad=verdict.bad,
            warned=verdict.warned,
            left_out=verdict.left_out,
            header=verdict.header,
            gaps=verdict.gaps,
            sent=sent if is_sent else None,
        )
        return cls(
            path=path,
            sheet=sheet,
            fault=verdict.fault,
            part=part,
            back=verdict.back,
            cuts=verdict.cuts,
            header_line=verdict.header_line,
            starts=tuple(starts),
        )

    def objection(self, *, drop_rows: bool, may_lose_all: bool = False) -> str:
        """Why the file is not sent; empty when it is. Names the place and the rule, never a value.

        A fault is the file's own, so no policy about rows excuses it: one that came empty was not delivered whole.
        """
        if (fault := self.fault) is not None:
            return f"{self.path}: line {fault.line}, column {fault.column}: {fault.rule}: {fault.message}"
        if not self.sheet.rows:
            return f"{self.path}: the remote has every row of it"
        bad = 0 if drop_rows else self.sheet.bad - self.back
        if not bad and (may_lose_all or self.sheet.rows > self.sheet.bad):
            return ""
        left = 'see rejects/, mend them or set on_bad_rows = "drop_rows"' if bad else "no good row is left"
        return f"{self.path}: {bad or self.sheet.bad} of {self.sheet.rows} rows are bad; {left}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What becomes of a file that has bad rows, or whose companion has."""

    drop_rows: bool
    events_required: bool

    def decide(self, data: Judged, events: Judged | None, rules: str) -> Prepared | Rejected:
        """*rules*: the name of those that judge the file, whether its events are required or not."""
        sheets = Sheets(data=data.sheet, events=events.sheet if events is not None else None)
        objection = data.objection(drop_rows=self.drop_rows)
        if not objection and events is not None:
            objection = events.objection(drop_rows=self.drop_rows, may_lose_all=True)
        if objection:
            return Rejected(objection, rules, sheets)
        if events is None or events.sheet.sent is not None:
            return Prepared(Checked(sheets, rules), Body(data=data.part, events=events.part if events else None))
        if self.events_required:
            left = "no good row is left, and input.events_required is set: mend them"
            lack = f"{events.path}: {events.sheet.bad} of {events.sheet.rows} rows are bad; {left}"
            return Rejected(lack, rules_and(rules, _REQUIRED), sheets)
        return Prepared(Checked(sheets, rules), Body(data=data.part))

    def upholds(self, judged_by: str, rules: str) -> bool:
        """Whether a rejection still stands by *rules*; one for want of events stands as long as they are required."""
        return judged_by == rules or (self.events_required and judged_by == rules_and(rules, _REQUIRED))
