"""multipart/form-data, read to the letter: what a forgiving parser would let pass is malformed here."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
_DISPOSITION = re.compile(
    rb'content-disposition:\s*form-data((?:;\s*[a-z*]+=(?:"(?:[^"\\]|\\.)*"|[^\s;"]+))+)\s*', re.I
)
_PARAMETER = re.compile(rb';\s*([a-z*]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))', re.IGNORECASE)


class MalformedError(ValueError):
    """The body is not what its Content-Type promises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A field of the form. `filename*`, which the standard forbids here, counts as no filename."""

    name: str
    filename: str | None
    content: bytes


def is_form(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "multipart/form-data"


def boundary_of(content_type: str) -> bytes | None:
    found = _BOUNDARY.search(content_type)
    return (found[1] or found[2]).encode() if found else None


def parts(content_type: str, body: bytes) -> list[Part]:
    """The parts in their order."""
    boundary = boundary_of(content_type)
    if boundary is None:
        raise MalformedError("there is no boundary in the Content-Type")
    opening, *middle = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if opening or not middle or middle.pop() not in (b"--", b"--\r\n"):
        raise MalformedError("the body does not begin and end with the boundary")
    return [_part(piece) for piece in middle]


def _part(piece: bytes) -> Part:
    head, blank, content = piece.partition(b"\r\n\r\n")
    if not head.startswith(b"\r\n") or not blank:
        raise MalformedError("a part has no header")
    dispositions = [found for line in head.split(b"\r\n") if (found := _DISPOSITION.fullmatch(line))]
    if len(dispositions) != 1:
        raise MalformedError("a part has no Content-Disposition of form-data")
    try:
        given = {
            key.lower(): re.sub(rb"\\(.)", rb"\1", quoted or plain).decode()
            for key, quoted, plain in _PARAMETER.findall(dispositions[0][1])
        }
    except UnicodeDecodeError:
        raise MalformedError("a name is not UTF-8") from None
    if b"name" not in given:
        raise MalformedError("a part has no name")
    return Part(name=given[b"name"], filename=given.get(b"filename"), content=content)
