"""Judges one CSV file as its bytes come in, and gives back the text that the remote shall get.

There is one way for every size: characters are cut into physical lines, lines make records, the first record
says which kind of file it is and may be the header, every other one is a row. Where a run of rows can be proven
clean at once (`proof.py`) they are taken as they stand; everything else goes record by record, and both ways
give the same.

A fault of the file ends the judgement at its place in the text, so that it does not matter how the bytes were
cut into chunks: what stands before has been judged, what follows is not looked at. What waits in memory is
never more than one record, and a record has a limit.
"""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.validation.cuts import UNLIMITED, Limits
from orchestrator.validation.decoding import Decoding
from orchestrator.validation.header import Bound, recognise
from orchestrator.validation.kept import Kept
from orchestrator.validation.limits import FIELD_LIMIT, RECORD_LIMIT
from orchestrator.validation.problem import BadRow, Problem
from orchestrator.validation.record import Reading, Record, plain_record
from orchestrator.validation.rows import rows_for
from orchestrator.validation.schema import Rule, Schema
from orchestrator.validation.verdict import Tally, Verdict

_LINE_END = "\r\n"


class Judge:
    """Feed it a file in chunks of any size, then close it; the pieces of text that it returns are one text.

    The file is of one of *schemas*. The text is the header row, always, and every good row in its own words,
    with CRLF between them and none after the last; without a good row it is empty. Bad rows go to *on_bad* one
    by one, rows on a line to *leave_out* to nobody (which takes the slow way). Beyond *limits* it is divided: see
    the verdict's cuts. `fault` tells early that reading on is of no use. An unknown *encoding* is a LookupError.
    """

    def __init__(
        self,
        *schemas: Schema,
        encoding: str = "utf-8",
        on_bad: Callable[[BadRow], object] = lambda bad: None,
        fast: bool = True,
        limits: Limits = UNLIMITED,
        leave_out: Callable[[int], bool] = lambda line: False,
    ) -> None:
        self.fault: Problem | None = None
        self._schemas = schemas
        self._schema = ""
        self._rules = rows_for(Bound.unread(schemas[0]))
        self._keys = self._rules.keys()
        self._tally = Tally()
        self._decoding = Decoding(encoding)
        self._on_bad = on_bad
        self._fast = fast
        self._leave_out = leave_out
        # What follows the last line feed, in pieces: joining it again for every chunk would be quadratic.
        self._tail: list[str] = []
        self._tail_size = 0
        self._reading: Reading | None = None
        self._line = 1
        self._first_seen = False
        self._header = 0  # the line that it stands on
        self._rows = self._bad = 0
        self._kept = Kept(limits)
        self._closed = False

    @property
    def verdict(self) -> Verdict:
        assert self._closed, "the verdict is known after close()"
        return Verdict(
            schema=self._schema,
            rows=self._rows,
            bad=self._bad,
            warned=self._tally.rows,
            fault=self.fault,
            gaps=self._kept.gaps(),
            header_line=self._header,
            cuts=self._kept.cuts(),
            warnings=self._tally.told(),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The columns as they stand in the file, as far as they are known yet."""
        return self._rules.names

    def feed(self, chunk: bytes) -> str:
        """The canonical text of the good rows that this chunk completes."""
        if self.fault:
            return ""
        self._take(*self._decoding.decode(chunk))
        return self._kept.take()

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
        return self._kept.take()

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
            if self._fast and self._first_seen and not self._reading and (proof := self._rules.proof):
                start = at
                at, canonical = proof.end_of_clean_rows(text, start)
                if at > start:
                    self._take_clean(text[start:at], canonical)
                    continue
            end = text.index("\n", at)
            self._take_line(text[at:end], "\n")
            at = end + 1

    def _take_clean(self, text: str, canonical: bool) -> None:
        rows = text.count("\n")
        self._keep(text[:-2] if canonical else text[:-1].replace("\n", _LINE_END), self._line, rows)
        self._line += rows

    def _keep(self, text: str, line: int, rows: int = 1) -> None:
        self._rows += rows
        if not self._kept.good(text, line, rows):
            self._fail(Rule.PART_SIZE, self._kept.too_large, 1)

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
            self._kept.skip(self._line, self._line)
            return
        cells = text.split(",")
        if len(text) > FIELD_LIMIT:
            for number, cell in enumerate(cells, 1):
                if len(cell) > FIELD_LIMIT:
                    self._fail(Rule.FIELD_SIZE, self._line, number)
                    return
        if self._first_seen and "\r" not in text and self._rules.takes(cells) and not self._leave_out(self._line):
            self._keep(text, self._line)
        else:
            self._take_record(plain_record(text, self._line, cells))

    def _take_record(self, record: Record) -> None:
        if not self._first_seen and self._take_first(record):
            return
        if self._leave_out(record.line):
            return
        found = self._rules.problems(record, self._keys)
        if self._keys.is_full:
            self._fail(Rule.KEYS, record.line, 1)
            return
        errors = self._tally.take(found)
        if errors:
            self._rows += 1
            self._bad += 1
            self._kept.skip(record.line, record.last_line, bad=1)
            self._on_bad(self._rules.bad_row(record, errors))
            return
        self._keep(record.text, record.line)
        if record.last_line > record.line:
            self._kept.skip(record.line + 1, record.last_line)

    def _take_first(self, record: Record) -> bool:
        """Whether there is nothing more to do about it: it was the header, or no file begins so."""
        self._first_seen = True
        kind = recognise(self._schemas, record)
        if isinstance(kind, Problem):
            self.fault = kind
            return True
        bound, is_header = kind
        self._schema, self._rules = bound.schema.name, rows_for(bound)
        self._keys = self._rules.keys()
        self._header = record.line if is_header else 0
        self._kept.begin(self._rules.header)
        return is_header

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
