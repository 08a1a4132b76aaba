"""What a file is called at the remote, in the ledger and in the output folder. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import date
from pathlib import PurePosixPath

from orchestrator.model import Digest, Key, Name, RelPath, Source

_DATE = re.compile(r"(?<!\d)(?P<year>\d{4})(?P<sep>[-_./]?)(?P<month>\d{2})(?P=sep)(?P<day>\d{2})(?!\d)", re.ASCII)
_FORMULA = re.compile("(^|;)(?=[-=+@＝＋－＠])")
"""Where a spreadsheet would begin to read a formula (OWASP); in half of Europe it parts cells at a semicolon."""
_PLACEHOLDER = re.compile(r"\{(relative|stem|date|sha12)\}")
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d|v\d+)(?:\..*)?", re.ASCII | re.IGNORECASE)


def name_of(pattern: str, path: RelPath, source: Source) -> Name | None:
    """The Name that *pattern* gives a file; None when it asks for a date and the path has none."""
    pure = PurePosixPath(path)
    day = date_in(path)
    if "{date}" in pattern and day is None:
        return None
    values = {
        "relative": str(pure.with_suffix("")),
        "stem": pure.stem,
        "date": day.isoformat() if day else "",
        "sha12": content_digest(source)[:12],
    }
    return Name(_PLACEHOLDER.sub(lambda found: values[found[1]], pattern))


def part_name(name: Name, number: int) -> Name:
    """What one part of a submission is called."""
    return Name(f"{name}#{number:04}")


def key_of_whole(part: Key) -> Key:
    """Of the file that it is a part of."""
    return Key(part.rpartition("#")[0])


def is_content_addressed(pattern: str) -> bool:
    """Whether one Name can only ever stand for the same bytes."""
    return "{sha12}" in pattern


def content_digest(source: Source) -> Digest:
    """One digest for a file and its events."""
    if source.events is None:
        return source.data
    return Digest(hashlib.sha256(f"{source.data}{source.events}".encode()).hexdigest())


def key_of(name: Name) -> Key:
    """Case twins and Unicode twins are one Name: many remotes and file systems cannot tell them apart."""
    return Key(unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()))


def key_without_name(path: RelPath) -> Key:
    """For a file that was refused before it got a Name: no Name can contain a NUL."""
    return Key(f"\0{path}")


_PULL = "\0pull\0"


def key_of_pull(what: str) -> Key:
    """For a job that brings in records and sends no file: no Name can contain a NUL."""
    return Key(f"{_PULL}{what}")


def is_pull(key: Key) -> bool:
    return key.startswith(_PULL)


def slug_of(name: Name) -> str:
    """A folder name that is safe everywhere, and different for every Name."""
    if _SAFE.fullmatch(name) and not _RESERVED.fullmatch(name) and not name.endswith("."):
        return name
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:80] or "name"
    readable = f"_{readable}" if _RESERVED.fullmatch(readable) else readable
    return f"{readable}~{hashlib.sha256(key_of(name).encode()).hexdigest()[:8]}"


def date_in(path: RelPath) -> date | None:
    """The last real calendar date in the path, as 2024-07-01, 20240701, 2024_07_01, 2024.07.01 or 2024/07/01."""
    found = None
    for match in _DATE.finditer(path):
        try:
            found = date(int(match["year"]), int(match["month"]), int(match["day"]))
        except ValueError:
            continue
    return found


def printable(text: str) -> str:
    """Escapes what could drive a terminal or hide in a log: control, format and undecodable characters."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode("ascii") for char in text
    )


def harmless(cell: str) -> str:
    """For a table that people open in a spreadsheet, which shall not calculate."""
    return _FORMULA.sub(r"\1'", printable(cell))


def path_in_words(path: str) -> str:
    """A path that can be written down anywhere; one that had to be escaped is told apart by a digest."""
    words = printable(path)
    if words == path:
        return path
    return f"{hashlib.sha256(path.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}~{words}"


def flaw_in(path: str) -> str:
    """Why a path cannot be a Name; empty when it can."""
    if not all(char.isprintable() or unicodedata.category(char) == "Zs" for char in path):
        return "the file name holds control or undecodable characters: rename the file"
    if len(path.encode()) > 400:
        return "the path is longer than 400 bytes: shorten it"
    return ""
