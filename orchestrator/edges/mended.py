"""`mended/`: rows that a person mended in lists of rejects. They count instead of those that they were made of.

Each list belongs to the bytes of one file, and is called after both: when the file changes, it is nobody's any more.
It holds cells, as `rejects/` does, and is as private.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from orchestrator.edges.atomic import put
from orchestrator.edges.contents import contents_of
from orchestrator.edges.folder import Folder
from orchestrator.errors import SourceChanged, Unusable
from orchestrator.intake import was_taken
from orchestrator.model import Digest, Job, Key, RelPath, Sheet, Source
from orchestrator.naming import key_of_whole, printable
from orchestrator.validation import NO_MENDS, Dialect, MendedList, Mends, read_mended


class MendedRows:
    def __init__(self, folder: Path, versions: Callable[[Key], Sequence[Job]], *, adds: bool = False) -> None:
        """*adds*: what is sent comes to what the remote has, so that a row which it took is not sent again."""
        self._folder = folder
        self._versions = versions
        self.adds = adds

    def digest(self, *files: tuple[RelPath, Digest | None]) -> Digest | None:
        """Of all that was mended in a file and its companion, as their own digests name them; None if nothing was."""
        lists = [self._bytes(path, content) for path, content in files if content is not None]
        if not any(lists):
            return None
        return Digest(hashlib.sha256(b"".join(hashlib.sha256(one or b"").digest() for one in lists)).hexdigest())

    def beforehand(self, folder: Folder, path: RelPath, dialect: Dialect) -> Mends:
        """Of a file that nobody has read yet; most have none, and are not read for it. Raises nothing for one that
        cannot be judged: its own check tells about it."""
        place = self._folder / path
        try:
            if not any(name.startswith(f"{place.name}~") for name in os.listdir(place.parent)):
                return NO_MENDS
            return self.of(path, contents_of(folder, path, None)[1], dialect)
        except (OSError, SourceChanged, Unusable):
            return NO_MENDS

    def list_of(self, path: RelPath, content: Digest) -> MendedList | None:
        """Raises Unusable."""
        kept = self._bytes(path, content)
        if not kept:
            return None
        try:
            return read_mended(io.TextIOWrapper(io.BytesIO(kept), encoding="utf-8", newline=""))
        except ValueError as error:
            place = printable(str(self._place(path, content)))
            raise Unusable(f"{place}: {error}. Or take it away, and resubmit its rows.") from None

    def of(self, path: RelPath, content: Digest, dialect: Dialect) -> Mends:
        """Raises Unusable."""
        kept = self.list_of(path, content)
        return Mends(kept.records(dialect)) if kept is not None else NO_MENDS

    def of_file(self, path: RelPath, source: Source, dialect: Dialect, key: Key, *, is_listed: bool = False) -> Mends:
        """Of a file, some of whose rows may be at the remote already under this *key*. Raises Unusable.

        Where nothing was mended all of it is sent, if at all, unless it only *is_listed* what would be left.
        """
        kept = self.list_of(path, source.data)
        if kept is None and not is_listed:
            return NO_MENDS
        taken = self._taken(key, source)
        rows = kept.records(dialect) if kept else {}
        return Mends(rows, [sheet.unsent for sheet in taken], [sheet.refused for sheet in taken])

    def of_part(self, job: Job, dialect: Dialect) -> Mends:
        """Of the whole file that *job* is a part of, as its newest version has it. Raises Unusable."""
        versions = self._versions(key_of_whole(job.key))
        whole = versions[-1].source if versions else None
        return self.of(job.path, whole.data, dialect) if whole is not None else NO_MENDS

    def keep(self, path: RelPath, content: Digest, listed: MendedList) -> None:
        """Durably, before anything is sent of it. Raises StorageError or OutputError."""
        text = io.StringIO(newline="")
        csv.writer(text).writerows(listed.lines())
        put(self._place(path, content), text.getvalue().encode("utf-8", "surrogatepass"))

    def _taken(self, key: Key, source: Source) -> list[Sheet]:
        """What was found in the versions of this file that the remote keeps beside each other."""
        versions = self._versions(key) if self.adds else ()
        return [job.checked.data for job in versions if was_taken(job, source) and job.checked is not None]

    def _bytes(self, path: RelPath, content: Digest) -> bytes | None:
        try:
            return self._place(path, content).read_bytes()
        except OSError:
            return None

    def _place(self, path: RelPath, content: Digest) -> Path:
        return self._folder / f"{path}~{content[:12]}"


def nothing_mended() -> MendedRows:
    """For who looks at files without an output folder."""
    return MendedRows(Path(os.devnull), lambda key: ())
