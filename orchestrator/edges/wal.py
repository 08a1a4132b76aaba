"""What a write-ahead log holds, judged from its bytes before SQLite opens it.

After a crash SQLite reads the log up to the first frame whose checksum is wrong, and takes that for its end. That
drops a commit that was torn by the crash, as it should; but when a bit went wrong further up it silently drops whole
commits that were durable, and to close the database then takes them from the disk. A commit is synced before the
next one begins, so only the very last can be torn: where one follows upon another that is left out, something else
has damaged the log. (File format: sqlite.org/fileformat2.html, section 4.)
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TypeAlias

_HEADER = struct.Struct(">4I8s2I")
"""Magic, version, page size, number of the checkpoint, salts, checksum."""
_FRAME = struct.Struct(">2I8s2I")
"""Number of the page, pages of the database after a commit (else 0), salts, checksum."""

_ORDERS = {0x377F0682: "<", 0x377F0683: ">"}
"""How the words that are summed up are read, by the magic."""
_VERSION = 3007000
_PAGE_SIZES = {1 << n for n in range(9, 17)}

_WORD = 0xFFFFFFFF

_Sum: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Log:
    kept: int
    """Commits that SQLite takes up."""
    spoiled: bool
    """Whether it leaves out a commit that was durable."""


def judge(log: bytes) -> Log:
    """Of the whole content of a log."""
    if len(log) <= _HEADER.size:
        return Log(0, spoiled=False)
    magic, version, page, _, salts, *stored = _HEADER.unpack_from(log)
    order, checksum = _ORDERS.get(magic, "<"), (stored[0], stored[1])
    known = magic in _ORDERS and version == _VERSION and page in _PAGE_SIZES
    if not known or _sum(log, 0, _HEADER.size - 8, order, (0, 0)) != checksum:
        # It is durable before the first frame is written, so whatever follows is more than SQLite would take up.
        return Log(0, spoiled=any(log[_HEADER.size :]))
    return _follow(log, page, salts, order, checksum)


def _follow(log: bytes, page: int, salts: bytes, order: str, checksum: _Sum) -> Log:
    """From frame to frame, also beyond the one at which SQLite stops.

    Frames of an earlier generation are no part of the log, wherever they stand. Commits that failed may stand behind
    the last one that went well, each left over where a shorter one was then written over its beginning. So two commits
    prove something only when the second was written after the first: when its frames continue the first one's checksum.
    """
    kept, left_out, ended, before = 0, 0, False, True
    for at in range(_HEADER.size, len(log) - _FRAME.size - page + 1, _FRAME.size + page):
        number, commit, its_salts, *stored = _FRAME.unpack_from(log, at)
        ours, follows = its_salts == salts, False
        if number and (ours or before):
            body = at + _FRAME.size
            follows = _sum(log, body, body + page, order, _sum(log, at, at + 8, order, checksum)) == tuple(stored)
        sound = ours and follows
        if not sound and before:
            ended, left_out = True, 0
        if commit and (ours or follows):  # salts may have gone wrong, too
            if not ended:
                kept += 1
            elif (left_out := left_out + 1) > 1:
                return Log(kept, spoiled=True)
        checksum, before = (stored[0], stored[1]), sound
    return Log(kept, spoiled=False)


def _sum(log: bytes, start: int, end: int, order: str, begin: _Sum) -> _Sum:
    """The checksum of SQLite's logs over words of four bytes, continued from *begin*."""
    words = struct.unpack_from(f"{order}{(end - start) // 4}I", log, start)
    one, two = begin
    few = len(words) % 8
    for at in range(0, few, 2):
        one += words[at] + two
        two += words[at + 1] + one
    rest = iter(words[few:])
    for a, b, c, d, e, f, g, h in zip(*[rest] * 8, strict=True):  # eight at a time, which is twice as fast as two
        one += a + two
        two += b + one
        one += c + two
        two += d + one
        one += e + two
        two += f + one
        one += g + two
        two += h + one
        one &= _WORD
        two &= _WORD
    return one & _WORD, two & _WORD
