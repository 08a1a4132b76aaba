"""Files for the property tests: right ones, and ones that were damaged."""

from __future__ import annotations

import random
from datetime import date

from hypothesis import strategies as st

from orchestrator.validation import Schema, Type

_CHARACTERS = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
_TEXTS = st.one_of(
    st.text("abcXYZ 0123456789-_/:.;'|", min_size=1, max_size=12),
    st.text('a,"\n', min_size=1, max_size=6),
    st.text("=+-@\t0.e(a ", min_size=1, max_size=5),
    st.text(_CHARACTERS, min_size=1, max_size=6),
).filter(lambda text: bool(text.strip()) and "\n\ufeff" not in f"\n{text}")
_TYPES: dict[Type, st.SearchStrategy[str]] = {
    Type.STRING: _TEXTS,
    Type.DATE: st.dates(date(1, 1, 1)).map(lambda day: f"{day.day:02}/{day.month:02}/{day.year:04}"),
    Type.TIME: st.times().map(lambda time: f"{time.hour:02}:{time.minute:02}"),
}


def good_cells(schema: Schema) -> st.SearchStrategy[tuple[str, ...]]:
    """Of the schemas of the Platform."""
    return st.tuples(
        *[
            st.sampled_from(column.constraints.enum) if column.constraints.enum else _TYPES[column.type]
            for column in schema.columns
        ]
    )


def quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def written(value: str, quote: bool = False) -> str:
    """*value* as a cell, in quotes where it has to be or where it is asked for."""
    return quoted(value) if quote or any(char in value for char in ',"\r\n') else value


@st.composite
def good_files(draw: st.DrawFn, schema: Schema) -> tuple[list[tuple[str, ...]], str]:
    """The cells of every row, and a file that holds them."""
    rows = draw(st.lists(good_cells(schema), min_size=1, max_size=8))
    text = draw(st.sampled_from(["", "\n", "\r\n\n"])) + ",".join(schema.names)
    for row in rows:
        text += draw(st.sampled_from(["\n", "\r\n", "\r\n", "\n\r\n\n"]))
        text += ",".join([written(cell, quote) for cell, quote in zip(row, draw(_flags(len(row))), strict=True)])
    return rows, text + draw(st.sampled_from(["", "\n", "\r\n", "\n\n"]))


def _flags(count: int) -> st.SearchStrategy[list[bool]]:
    return st.one_of(st.just([False] * count), st.lists(st.booleans(), min_size=count, max_size=count))


_PIECES = [
    '"',
    '""',
    ",",
    "\r",
    "\n",
    "\r\n",
    "\0",
    " ",
    "29/02/2023",
    "29/02/2024",
    "24:00",
    "9",
    "=",
    "+",
    "-",
    "@",
    "\t",
    "-1",
    "é",
    "\u2003",
]


def damage(data: bytes, rng: random.Random) -> bytes:
    """Take something out, put something in, or swap two places."""
    at = rng.randrange(len(data) + 1)
    match rng.randrange(6):
        case 0:
            return data[:at] + data[at + rng.choice((1, 1, 2, 9, 60)) :]
        case 1 | 2:
            return data[:at] + rng.choice(_PIECES).encode() + data[at:]
        case 3:
            return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
        case 4:
            end = rng.randrange(at, len(data) + 1)
            return data[:at] + data[at:end] * 2 + data[end:]
        case _:
            digit = bytes([rng.choice(b"0123456789/:")])
            return data[:at] + digit + data[at + 1 :]


def cut(data: bytes, rng: random.Random) -> list[bytes]:
    """*data* in pieces of any size, empty ones among them."""
    places = sorted(rng.randrange(len(data) + 1) for _ in range(rng.choice((1, 2, 5, 20))))
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]
