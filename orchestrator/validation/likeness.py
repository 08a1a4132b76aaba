"""Which name was meant: what stands in a header beside what should stand there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from orchestrator.naming import printable

_LONGEST = 60
_UNSEEN = re.compile("[\\s\xad\u200b-\u200f\u2060\ufeff]+")


def shown(name: str) -> str:
    return printable(name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…")


def correction(cell: str, names: Iterable[str]) -> str:
    """What to do about a name that is none of *names*."""
    near = _nearest(cell, names)
    return f": did you mean {near}?" if near else ": take it out, or correct its name"


def missing(name: str, cells: Iterable[str], *, mapped: bool) -> str:
    """What to do about a name that is not among *cells*; one that is *mapped* a mapping asks for."""
    near = _nearest(name, cells) if mapped else ""
    if not mapped:
        return f"{name} is missing: add the column"
    if near and is_nearly(near, name):
        return f"{name} is missing, and {shown(near)} is there: write it in the mapping as in the file"
    told = f" (nearest is {shown(near)})" if near else ""
    return (
        f"{name} is missing, which the mapping reads{told}: add the column, or write in the mapping what it is called"
    )


def is_nearly(cell: str, name: str) -> bool:
    """Whether they look the same, but for blanks, signs that nobody sees, and case."""
    return _plain(cell) == _plain(name)


def _nearest(cell: str, names: Iterable[str]) -> str:
    """Of *names*; "" where none is near."""
    folded = {_plain(name): name for name in names}
    near = get_close_matches(_plain(cell)[:_LONGEST], folded, n=1)
    return folded[near[0]] if near else ""


def _plain(name: str) -> str:
    return _UNSEEN.sub("", name).casefold()
