"""The lines of a rejects file: the bad rows in their own columns, and beside them what is wrong.

Values only; quoting and writing them is up to the edge.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from orchestrator.validation.problem import BadRow

_SEPARATOR = "; "
ADDED = ("_line", "_column", "_rule", "_message", "_raw")
"""What stands beside the columns of the source; only a list of rejects has these."""
KEPT = ("_line", "_raw")
"""What is kept of them when the row has been mended."""
_LINE, *_BESIDE = ADDED
_PARTING = re.compile(r"[,;\t|]")
_AROUND = " \"'"


def is_list(header: str) -> bool:
    """Whether a list of rejects begins with it, whatever became of its columns; `_line` alone a file may have too.

    A list is written with commas, whatever parts the cells of its file, and a spreadsheet may have made others of
    them: so it is told by its words, not by its cells.
    """
    if _LINE not in header:
        return False
    words = {word.strip(_AROUND) for word in _PARTING.split(header)}
    return _LINE in words and not words.isdisjoint(_BESIDE)


def reject_header(names: Sequence[str]) -> list[str]:
    """*names*: the columns as they stand in the file."""
    return [*names, *ADDED]


def reject_line(bad: BadRow, names: Sequence[str]) -> list[str]:
    """The problems share a line, in the same order in each column; columns go by name, or number without one.

    A row whose cells are in doubt stands as it was in `_raw`, and its columns stay empty.
    """
    cells = [""] * len(names) if bad.cells is None else list(bad.cells)
    return [
        *cells,
        str(bad.line),
        _SEPARATOR.join(problem.name or str(problem.column or "") for problem in bad.problems),
        _SEPARATOR.join(problem.rule for problem in bad.problems),
        _SEPARATOR.join(problem.message for problem in bad.problems),
        bad.raw if bad.cells is None else "",
    ]
