"""Judges one CSV file as its bytes come in, and gives back the text that the remote shall get.

There is one way for every size: characters are cut into physical lines, lines make records, the first record
may be the header, every other one is a row. Where a run of rows can be proven clean at once (`proof.py`) they
are taken as they stand; everything else goes record by record, and both ways give the same.

A fault of the file ends the judgement at its place in the text, so that it does not matter how the bytes were
cut into chunks: what stands before has been judged, what follows is not looked at. What waits in memory is
never more than one record, and a record has a limit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.validation.decoding import Decoding
from orchestrator.validation.gaps import Gaps
from orchestrator.validation.limits import FIELD_LIMIT, RECORD_LIMIT
from orchestrator.validation.problem import BadRow, Problem
from orchestrator.validation.record import Reading, Record, plain_record
from orchestrator.validation.rows import rows_for
from orchestrator.validation.schema import Header, Rule, Schema

_LINE_END = "\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found in a file.

    `rows` counts the data rows that were read, good and bad, without header and blank lines. `header` is
    whether the source has one. `gaps` are the ranges of physical lines that no good row begins on, the header
    apart. After a `fault` all of it is as far as the file was read.
    """

    rows: int
    bad: int
    header: bool
    fault: Problem | None
    gaps: tuple[tuple[int, int], ...]


class Judge:
    """Feed it a file in chunks of any size, then close it; the pieces of text that it returns are one text.

    That text is the header row, always, and every good row in its own words, with CRLF between them and none
    after the last; without a good row it is empty. Bad rows go to *on_bad* one by one. `fault` tells early
    that reading on is of no use. An unknown *encoding* is a LookupError.
    """

    def __init__(
        self,
        schema: Schema,
        *,
        encoding: str = "utf-8",
        on_bad: Callable[[BadRow], None] | None = None,
        fast: bool = True,
    ) -> None:
        self.fault: Problem | None = None
        self._schema = schema
        self._rules = rows_for(schema)
        self._decoding = Decoding(encoding)
        self._on_bad = on_bad
        self._fast = fast
        # What follows the last line feed, in pieces: joining it again for every chunk would be quadratic.
        self._tail: list[str] = []
        self._tail_size = 0
        self._reading: Reading | None = None
        self._line = 1
        self._first_seen = False
        # The line that the header stands on, 0 without one.
        self._header = 0
        self._rows = 0
        self._bad = 0
        self._gaps = Gaps()
        self._good: list[str] = []
        self._begun = False
        self._closed = False

    @property
    def verdict(self) -> Verdict:
        assert self._closed, "the verdict is known after close()"
        return Verdict(
            rows=self._rows,
            bad=self._bad,
            header=self._header > 0,
            fault=self.fault,
            gaps=self._gaps.ranges(),
        )

    def feed(self, chunk: bytes) -> str:
        """The canonical text of the good rows that this chunk completes."""
        if self.fault:
            return ""
        self._take(*self._decoding.decode(chunk))
        return self._text()

    def close(self) -> str:
        """The canonical text of a last row without a line end. From here on there is a verdict."""
        self._closed = True
        if self.fault:
            return ""
        text, decodable = self._decoding.decode(b"", last=True)
        if text or not decodable:
            self._take(text, decodable)
        tail = "".join(self._tail)
        if not self.fault and (tail or self._reading):
            self._take_line(tail)
        if not self.fault and self._reading:
            self._fail(Rule.UNCLOSED_QUOTE, self._reading.cell_line, self._reading.cell)
        if not self.fault and not self._first_seen:
            self._fail(Rule.EMPTY, 1, 1)
        if not self.fault and not self._rows:
            self._fail(Rule.NO_ROWS, self._header, 1)
        return self._text()

    def _text(self) -> str:
        if not self._good:
            return ""
        good, self._good = self._good, []
        good.insert(0, "" if self._begun else self._rules.header)
        self._begun = True
        return _LINE_END.join(good)

    def _fail(self, rule: Rule, line: int, cell: int) -> None:
        self.fault = self._rules.problem(rule, line, cell)

    def _take(self, text: str, decodable: bool) -> None:
        """Take the next characters; what follows them is a fault of the file unless it is *decodable*."""
        stop = None if decodable else Rule.ENCODING
        if "\0" in text:
            text, stop = text[: text.index("\0")], Rule.NUL
        cut = text.rfind("\n") + 1
        if cut:
            self._take_lines("".join((*self._tail, text[:cut])))
            self._tail.clear()
            self._tail_size = 0
        if self.fault:
            return
        if cut < len(text):
            self._tail.append(text[cut:])
            self._tail_size += len(text) - cut
        before = self._reading.size if self._reading else 0
        if stop:
            self._stop(stop)
        elif before + self._tail_size > RECORD_LIMIT + 1:
            # One more than the limit may still be the carriage return of a line end to come.
            self._stop(Rule.RECORD_SIZE)

    def _take_lines(self, text: str) -> None:
        """Take whole lines, runs of clean rows at once."""
        at = 0
        while at < len(text) and not self.fault:
            if self._fast and self._first_seen and not self._reading:
                start = at
                at, canonical = self._rules.proof.end_of_clean_rows(text, start)
                if at > start:
                    self._take_clean(text[start:at], canonical)
                    continue
            end = text.index("\n", at)
            self._take_line(text[at:end], "\n")
            at = end + 1

    def _take_clean(self, text: str, canonical: bool) -> None:
        rows = text.count("\n")
        self._rows += rows
        self._line += rows
        self._good.append(text[:-2] if canonical else text[:-1].replace("\n", _LINE_END))

    def _take_line(self, text: str, end: str = "") -> None:
        """Take one physical line; without *end* it is the last of the file."""
        if end and text.endswith("\r"):
            text, end = text[:-1], _LINE_END
        reading = self._reading
        if (reading.size if reading else 0) + len(text) > RECORD_LIMIT:
            self._tail = [text]
            self._stop(Rule.RECORD_SIZE)
            return
        if not reading and '"' not in text:
            self._take_plain(text)
            self._line += 1
            return
        reading = reading or Reading(self._line)
        reading.read(text)
        if reading.is_open and end:
            reading.go_on(end)
        self._reading = reading if reading.is_open else None
        if reading.oversize:
            self._fail(Rule.FIELD_SIZE, reading.cell_line, reading.cell)
        elif not reading.is_open:
            self._take_record(reading.record())
        self._line += 1

    def _take_plain(self, text: str) -> None:
        """Take a line without a quote, the usual one, with as little ado as possible."""
        if not text:
            self._gaps.add(self._line, self._line)
            return
        if not self._first_seen and text == self._rules.header:
            self._first_seen, self._header = True, self._line
            return
        cells = text.split(",")
        if len(text) > FIELD_LIMIT:
            for number, cell in enumerate(cells, 1):
                if len(cell) > FIELD_LIMIT:
                    self._fail(Rule.FIELD_SIZE, self._line, number)
                    return
        if self._first_seen and "\r" not in text and self._rules.takes(cells):
            self._rows += 1
            self._good.append(text)
        else:
            self._take_record(plain_record(text, self._line, cells))

    def _take_record(self, record: Record) -> None:
        if not self._first_seen:
            self._first_seen = True
            if self._rules.is_header(record):
                self.fault = self._rules.header_problem(record)
                self._header = 0 if self.fault else record.line
                return
            if self._schema.header is Header.REQUIRED:
                self._fail(Rule.HEADER, record.line, 1)
                return
        self._rows += 1
        bad = self._rules.judge(record)
        if bad:
            self._bad += 1
            self._gaps.add(record.line, record.last_line)
            if self._on_bad:
                self._on_bad(bad)
            return
        self._good.append(record.text)
        if record.last_line > record.line:
            self._gaps.add(record.line + 1, record.last_line)

    def _stop(self, rule: Rule) -> None:
        """The file ends in a fault after the tail, unless the tail itself holds an earlier one."""
        reading = self._reading or Reading(self._line)
        room = max(0, RECORD_LIMIT - reading.size)
        tail = "".join(self._tail)
        reading.read(tail[:room])
        if reading.oversize:
            self._fail(Rule.FIELD_SIZE, reading.cell_line, reading.cell)
        elif len(tail) > room:
            self._fail(Rule.RECORD_SIZE, reading.line, 1)
        else:
            self._fail(rule, self._line, reading.cell)
