"""Reads the file of a list once more, for where the mended rows belong in it."""

from __future__ import annotations

import os
from collections.abc import Sequence

from orchestrator.edges.folder import Folder
from orchestrator.edges.sheets import CHUNK, heed_a_stop
from orchestrator.errors import Unusable
from orchestrator.model import RelPath, Sheet
from orchestrator.validation import MendedList, Placing, Rules


def placing_in(
    folder: Folder,
    path: RelPath,
    rules: Rules,
    listed: MendedList,
    earlier: MendedList | None,
    taken: Sequence[Sheet],
) -> Placing:
    """What was found out about *listed* in its file. *earlier*: what was mended before; *taken*: of the versions of it
    that the remote took. Raises Unusable.
    """
    unsent = [sheet.gather_unsent() for sheet in taken]
    placing = Placing(rules, listed, earlier, lambda line: any(line not in ranges for ranges in unsent))
    try:
        with os.fdopen(folder.open(path), "rb", buffering=0) as content:
            while chunk := content.read(CHUNK):
                heed_a_stop()
                placing.feed(chunk)
    except OSError as error:
        raise Unusable(f"its file cannot be read ({error.strerror}): mend its permissions") from None
    return placing
