"""Where a source begins, and how it parts its cells and quotes them.

What is sent always has commas, and as few quotes as can be.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

_NEVER = frozenset("\r\n\0\ufeff")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """`quote` is "" where nothing is quoted. `escape` stands before a quote, or before itself, inside quotes; "" where
    a quote is doubled there. So many lines at the beginning as `skip_rows` says are not of the table: titles, say.
    Raises ValueError, with the cause and the remedy.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    skip_rows: int = 0

    def __post_init__(self) -> None:
        signs = {"delimiter": self.delimiter, "quote": self.quote, "escape": self.escape}
        for name, sign in signs.items():
            if len(sign) > 1 or _NEVER & set(sign) or sign.isalnum():
                raise ValueError(f"the {name} is no single sign. Use one that is neither letter, digit nor line end.")
        if not self.delimiter:
            raise ValueError('the delimiter is missing. Use the sign between two cells, as in ",".')
        given = [sign for sign in signs.values() if sign]
        if len(set(given)) < len(given):
            raise ValueError("delimiter, quote and escape are not all different. Use three signs.")
        if self.escape and not self.quote:
            raise ValueError('an escape has no meaning without a quote. Set quote, or escape = "".')

    @property
    def is_canonical(self) -> bool:
        """Whether a right row already stands as it is sent."""
        return replace(self, skip_rows=0) == CANONICAL

    @property
    def misquoted(self) -> str:
        """What to do about a quote in the wrong place."""
        inside = f"as {self.escape}{self.quote}" if self.escape else f"as {self.quote * 2}"
        also = f" and each {self.escape} as {self.escape * 2}" if self.escape else ""
        place = f"put the whole cell in {self.quote}…{self.quote} and write each quote inside it {inside}{also}"
        return f"a quote in the wrong place: {place}"

    @property
    def miscounted(self) -> str:
        sign = {",": "comma", "\t": "tab"}.get(self.delimiter, self.delimiter)
        other = ", or for one that needs quotes" if self.quote else ", or for one inside a cell"
        parted = "if another sign parts the cells, set validation.delimiter (see orchestrator inspect FILE)"
        return f"the wrong number of cells: check for a missing {sign}{other}; {parted}"


CANONICAL = Dialect()


def written(cells: Iterable[str]) -> str:
    """A record as it is sent: in quotes where a cell needs them, and a single empty cell, which is no blank line."""
    return ",".join([_quoted(cell) if _needs_quotes(cell) else cell for cell in cells]) or '""'


def _needs_quotes(cell: str) -> bool:
    return "," in cell or '"' in cell or "\n" in cell or "\r" in cell


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'
