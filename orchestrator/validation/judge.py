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
from orchestrator.validation.dialect import CANONICAL, Dialect
from orchestrator.validation.keys import Shelves
from orchestrator.validation.limits import RECORD_LIMIT
from orchestrator.validation.mapping import Mapping
from orchestrator.validation.mends import NO_MENDS, Mends, Twins
from orchestrator.validation.problem import BadRow, Problem, undecodable
from orchestrator.validation.record import Reading, Record
from orchestrator.validation.remarks import Remarks, nothing
from orchestrator.validation.schema import Rule, Schema
from orchestrator.validation.sieve import Sieve
from orchestrator.validation.verdict import Verdict

# Bytes that are decoded and looked at together: so many stay in the caches of a processor, more do not.
_AT_ONCE = 128 << 10

_MARK = "\ufeff"
"""Where a line begins with it another file was put below the one before; elsewhere it is a character like others."""


class Judge:
    """Feed it a file in chunks of any size, then close it; the pieces of text that it returns are one text.

    The file is of one of *schemas*, or a *mapping* makes it so. The text is the header row, always, and every
    good row, with CRLF between them and none after the last; without a good row it is empty. A row stands in it
    in its own words, unless its *dialect* is another than that of the text, or it is mapped. Bad rows go to
    *on_bad* one by one, rows on a line to *leave_out* to nobody; what *remarks* have against a row counts as its
    other problems do (these two take the slow way). What a person mended (*mends*) counts instead of what stands
    there. Beyond *limits* it is divided: see the verdict's cuts. Keys that are too many for memory go to one of
    the *shelves*; without these they are a fault of the file. `fault` tells early that reading on is of no use. An
    unknown *encoding* is a LookupError; a mapping that makes no file of the schemas is a ConfigError.
    """

    def __init__(
        self,
        *schemas: Schema,
        encoding: str = "utf-8",
        dialect: Dialect = CANONICAL,
        mapping: Mapping | None = None,
        on_bad: Callable[[BadRow], object] = lambda bad: None,
        fast: bool = True,
        limits: Limits = UNLIMITED,
        leave_out: Callable[[int], bool] = lambda line: False,
        mends: Mends = NO_MENDS,
        remarks: Remarks = nothing,
        shelves: Shelves | None = None,
    ) -> None:
        self._dialect = dialect
        self._quote = dialect.quote
        self._sieve = Sieve(schemas, dialect, on_bad, mapping, limits, leave_out, mends, remarks, fast, shelves)
        self._decoding = Decoding(encoding)
        self._fast = fast
        self._mends = mends
        # What follows the last line feed, in pieces: joining it again for every chunk would be quadratic.
        self._tail: list[str] = []
        self._tail_size = 0
        self._reading: Reading | None = None
        self._line = 1
        self._closed = False

    @property
    def fault(self) -> Problem | None:
        return self._sieve.fault

    @property
    def verdict(self) -> Verdict:
        assert self._closed, "the verdict is known after close()"
        return self._sieve.verdict()

    @property
    def schema(self) -> str:
        """The kind of the file, as soon as it is known."""
        return self._sieve.schema

    @property
    def names(self) -> tuple[str, ...]:
        """The columns as they stand in the file, as far as they are known yet."""
        return self._sieve.names

    @property
    def header(self) -> str:
        """The row of names that the text begins with, as far as it is known yet."""
        return self._sieve.header

    @property
    def has_begun(self) -> bool:
        """Whether the first record has been read."""
        return self._sieve.first_seen

    @property
    def line(self) -> int:
        """The physical line that follows the last one that is complete."""
        return self._line

    @property
    def is_divided(self) -> bool:
        """Whether it is more than one part already."""
        return self._sieve.is_divided

    @property
    def is_between_rows(self) -> bool:
        return self._reading is None and not self._tail_size

    @property
    def left_out(self) -> int:
        """Rows that the mapping has taken out so far."""
        return self._sieve.left_out

    def twins_of(self, record: Record) -> Twins:
        """Of the good rows that were read so far."""
        return self._sieve.twins_of(record)

    def feed(self, chunk: bytes) -> str:
        """The canonical text of the good rows that this chunk completes."""
        for at in range(0, len(chunk), _AT_ONCE):
            if self.fault:
                break
            self._take(*self._decoding.decode(chunk[at : at + _AT_ONCE]))
        return self._sieve.text()

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
            self._sieve.fail(Rule.UNCLOSED_QUOTE, self._reading.cell_line, self._reading.cell)
        self._sieve.end()
        return self._sieve.text()

    def _take(self, text: str, decodable: bool) -> None:
        """Take the next characters; what follows them is a fault of the file unless it is *decodable*."""
        stop = None if decodable else Rule.ENCODING
        if "\0" in text:
            text, stop = text[: text.index("\0")], Rule.NUL
        if (mark := _line_with_mark(text, begins=not self._tail_size)) is not None:
            text, stop = text[:mark], Rule.MARK
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
        fast = self._fast and len(text) <= RECORD_LIMIT  # else one of the lines may be too long
        fast = fast and not self._mends.touches(self._line, self._line + text.count("\n"))
        while at < len(text) and not self.fault:
            if fast and not self._reading and (proof := self._sieve.proof):
                start = at
                at, canonical = proof.end_of_clean_rows(text, start)
                if at > start:
                    self._line += self._sieve.take_clean(text[start:at], canonical, self._line)
                    continue
            end = text.index("\n", at)
            self._take_line(text[at:end], "\n")
            at = end + 1

    def _take_line(self, text: str, end: str = "") -> None:
        """Take one physical line; without *end* it is the last of the file."""
        if end and text.endswith("\r"):
            text, end = text[:-1], "\r\n"
        reading = self._reading
        if (reading.size if reading else 0) + len(text) > RECORD_LIMIT:
            self._tail = [text]
            self._stop(Rule.RECORD_SIZE)
            return
        if self._line <= self._dialect.skip_rows:
            self._sieve.take_above(text, self._line)
            self._line += 1
            return
        if not reading and not (self._quote and self._quote in text):
            self._sieve.take_plain(text, self._line)
            self._line += 1
            return
        reading = reading or Reading(self._line, self._dialect)
        reading.read(text)
        if reading.is_open and end:
            reading.go_on(end)
        self._reading = reading if reading.is_open else None
        if reading.oversize:
            self._sieve.fail(Rule.FIELD_SIZE, reading.cell_line, reading.cell)
        elif not reading.is_open:
            self._sieve.take_record(reading.record())
        self._line += 1

    def _stop(self, rule: Rule) -> None:
        """The file ends in a fault after the tail, unless the tail itself holds an earlier one."""
        reading = self._reading or Reading(self._line, self._dialect)
        room = max(0, RECORD_LIMIT - reading.size)
        tail = "".join(self._tail)
        reading.read(tail[:room])
        if reading.oversize:
            self._sieve.fail(Rule.FIELD_SIZE, reading.cell_line, reading.cell)
        elif len(tail) > room:
            self._sieve.fail(Rule.RECORD_SIZE, reading.line, 1)
        else:
            message = undecodable(self._decoding.fault_at) if rule is Rule.ENCODING else ""
            self._sieve.fail(rule, self._line, reading.cell, message)


def _line_with_mark(text: str, *, begins: bool) -> int | None:
    """Where one begins so; *begins*: the text is not the rest of a line."""
    if begins and text.startswith(_MARK):
        return 0
    return text.find(f"\n{_MARK}") + 1 or None
