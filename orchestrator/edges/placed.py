"""Reads the file of a list once more, for where the mended rows belong in it."""

from __future__ import annotations

import os

from orchestrator.edges.folder import Folder
from orchestrator.edges.sheets import CHUNK
from orchestrator.errors import Unusable
from orchestrator.model import RelPath, Sheet
from orchestrator.validation import MendedList, Placing, Rules, is_in


def placed(
    folder: Folder, path: RelPath, rules: Rules, listed: MendedList, earlier: MendedList | None, sheet: Sheet
) -> MendedList:
    """*listed*, with each row by itself. *earlier*: what was mended before; *sheet*: of the newest version.

    Raises Unusable for a row that would be nowhere in the file.
    """
    placing = Placing(rules, listed, earlier.records(rules.dialect) if earlier else {})
    try:
        with os.fdopen(folder.open(path), "rb", buffering=0) as content:
            while chunk := content.read(CHUNK):
                placing.feed(chunk)
    except OSError as error:
        raise Unusable(f"its file cannot be read ({error.strerror}): mend its permissions") from None
    return placing.close(lambda line: not is_in(sheet.unsent, line))
