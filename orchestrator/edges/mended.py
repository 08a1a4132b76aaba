"""`mended/`: rows that a person mended in lists of rejects. They count instead of those that they were made of.

Each list belongs to the bytes of one file, and is called after both: when the file changes, it is nobody's any more.
It holds cells, as `rejects/` does, and is as private.
"""

from __future__ import annotations

import csv
import glob
import hashlib
import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import structlog

from orchestrator.edges.atomic import put
from orchestrator.edges.contents import contents_of
from orchestrator.edges.folder import Folder
from orchestrator.errors import SourceChanged, Unusable
from orchestrator.intake import is_known, same_file, taken_of
from orchestrator.model import Digest, Job, Key, RelPath, Source, State
from orchestrator.naming import key_of_whole, printable
from orchestrator.ports import File
from orchestrator.ranges import Ranges
from orchestrator.validation import NO_MENDS, Dialect, MendedList, Mends, read_mended

_LONGEST_NAME = 200
"""Bytes of a file's name; most file systems know no longer ones than 255, and ours are longer by a few."""


class MendedRows:
    def __init__(
        self, folder: Path, versions: Callable[[Key], Sequence[Job]], *, adds: bool = False, increments: bool = False
    ) -> None:
        """*adds*: what is sent comes to what the remote has, so that a row which it took is not sent again.
        *increments*: each version of a file holds nothing but new rows."""
        self._folder = folder
        self._versions = versions
        self._is_there = folder.is_dir()  # most runs have none, and look for none with every file
        self._tried: dict[Path, bytes] = {}
        self._increments = increments
        self.adds = adds
        self.strays: set[Path] = set()
        """Where rows lie that were mended of a version whose next does not hold them, and that nobody sent."""

    def digest(self, *files: tuple[RelPath, Digest | None]) -> Digest | None:
        """Of all that was mended in a file and its companion, as their own digests name them; None if nothing was.

        Raises Unusable.
        """
        lists = [self._bytes(path, content) for path, content in files if content is not None]
        if not any(lists):
            return None
        return _digest_of(lists)

    def beforehand(self, folder: Folder, path: RelPath, dialect: Dialect) -> Mends:
        """Of a file that nobody has read yet; where nothing was ever mended it is not read for it. Raises nothing for
        one that cannot be judged: its own check tells about it."""
        try:
            if not self._has_any(path):
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
            return read_mended(io.TextIOWrapper(io.BytesIO(kept), encoding="utf-8", newline=""), kept=True)
        except ValueError as error:
            place = printable(str(self._place(path, content)))
            raise Unusable(f"{place}: {error}. Or take it away, and resubmit its rows.") from None

    def of(self, path: RelPath, content: Digest, dialect: Dialect) -> Mends:
        """Raises Unusable."""
        kept = self.list_of(path, content)
        return Mends(kept.records(dialect), twins=kept.twins) if kept is not None else NO_MENDS

    def of_file(self, path: RelPath, source: Source, dialect: Dialect, key: Key, *, listing: bool = False) -> Mends:
        """Of a file, some of whose rows may be at the remote already under this *key*. Raises Unusable.

        What is there is not sent again, whether its list is there or not; what is not is sent when somebody resubmits
        it. *listing*: nothing is sent, it is told what the remote has not, where versions replace each other, too.
        """
        kept, taken = self.list_of(path, source.data), self._taken(key, source, listing=listing)
        if kept is None and self._increments:
            self.strays |= set(self._unsent(path, key))
        elif kept is None and self._has_any(path):
            cause = "rows that were mended of an earlier version are none of this one: mend them in the file itself"
            structlog.get_logger().warning("mended_rows_left_out", path=printable(path), cause=cause)
        if kept is None and not taken:
            return NO_MENDS
        sheets = [job.checked.data for job in taken if job.checked is not None]
        return Mends(
            kept.records(dialect) if kept else {},
            [sheet.gather_unsent() for sheet in sheets],
            [sheet.refused for sheet in sheets],
            abandoned=self._abandoned(key, source),
            is_again=bool(taken) and is_known(taken[-1], source),
            twins=kept.twins if kept else {},
        )

    def of_part(self, job: Job, dialect: Dialect) -> Mends:
        """Of the whole file that *job* is a part of, as its newest version has it. Raises Unusable."""
        versions = self._versions(key_of_whole(job.key))
        whole = versions[-1].source if versions else None
        return self.of(job.path, whole.data, dialect) if whole is not None else NO_MENDS

    def left(self, files: Iterable[File]) -> Iterator[File]:
        """Those of which something was mended, in whatever version of theirs."""
        for file in files:
            if self._has_any(file.path) or (file.events is not None and self._has_any(file.events)):
                yield file

    def keep(self, path: RelPath, content: Digest, listed: MendedList) -> None:
        """Durably, before anything is sent of it. Raises StorageError or OutputError."""
        self._is_there = True
        put(self._place(path, content), _bytes_of(listed))

    @contextmanager
    def trying(self) -> Iterator[Callable[[RelPath, Digest, MendedList | None], None]]:
        """What a list is given to it for counts instead of what is kept, until None is given, or to the end."""

        def instead(path: RelPath, content: Digest, listed: MendedList | None) -> None:
            place = self._place(path, content)
            if listed is None:
                self._tried.pop(place, None)
            else:
                self._tried[place] = _bytes_of(listed)

        try:
            yield instead
        finally:
            self._tried.clear()

    def _taken(self, key: Key, source: Source, *, listing: bool) -> Sequence[Job]:
        """The versions of this file that the remote keeps beside each other, since it was another the last time.

        Where each replaces the one before it keeps the newest, which says nothing of what is to be sent next.
        """
        if self.adds:
            return taken_of(self._versions(key), source)
        newest = self._versions(key)[-1:] if listing else ()
        return [job for job in newest if job.state is State.DONE and is_known(job, source)]

    def _unsent(self, path: RelPath, key: Key) -> Iterator[Path]:
        """What was mended of other versions of it, and is in none that came into the ledger."""
        place = self._place(path, Digest(""))
        known = {version.source.mends for version in self._versions(key) if version.source is not None}
        for other in place.parent.glob(f"{glob.escape(place.name)}*") if self._is_there else ():
            if _digest_of([other.read_bytes()]) not in known:
                yield other

    def _abandoned(self, key: Key, source: Source) -> Sequence[Ranges]:
        given_up = [job for job in self._versions(key) if job.is_abandoned and same_file(job, source)]
        return [job.checked.data.gather_unsent() for job in given_up if self.adds and job.checked is not None]

    def _bytes(self, path: RelPath, content: Digest) -> bytes | None:
        """None when there are none. Raises Unusable when they cannot be read."""
        if not (self._is_there or self._tried):
            return None
        place = self._place(path, content)
        if place in self._tried:
            return self._tried[place]
        if not self._is_there:
            return None
        try:
            return place.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise Unusable(f"{printable(str(place))}: it cannot be read ({error.strerror}): mend that") from None

    def _has_any(self, path: RelPath) -> bool:
        if not (self._is_there or self._tried):
            return False
        place = self._place(path, Digest(""))
        if any(tried.parent == place.parent and tried.name.startswith(place.name) for tried in self._tried):
            return True
        try:
            return self._is_there and any(name.startswith(place.name) for name in os.listdir(place.parent))
        except (FileNotFoundError, NotADirectoryError):
            return False

    def _place(self, path: RelPath, content: Digest) -> Path:
        folder, name = os.path.split(path)
        if len(os.fsencode(name)) > _LONGEST_NAME:
            name = hashlib.sha256(os.fsencode(name)).hexdigest()[:32]
        return self._folder / folder / f"{name}~{content[:12]}"


def _digest_of(lists: Iterable[bytes | None]) -> Digest:
    return Digest(hashlib.sha256(b"".join(hashlib.sha256(one or b"").digest() for one in lists)).hexdigest())


def _bytes_of(listed: MendedList) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(listed.lines())
    return text.getvalue().encode("utf-8", "surrogatepass")


def nothing_mended() -> MendedRows:
    """For who looks at files without an output folder."""
    return MendedRows(Path(os.devnull), lambda key: ())
