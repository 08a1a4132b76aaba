"""`edited/`: what a person wrote into a list of rejects that was made anew before anybody resubmitted it.

What the program wrote into each list, and what it took in of it, is noted by its digest in the state folder. A list
that is anything else was written into by somebody, and is never written over: it is copied here first. It holds cells,
as `rejects/` does, and is as private.

Beside it is noted which content of its file the list was made of: that may be one that was never sent.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Iterable
from io import BufferedReader
from itertools import count
from pathlib import Path

import structlog

from orchestrator.edges.atomic import put, storing, whole_file
from orchestrator.errors import SourceChanged
from orchestrator.model import Digest, RelPath
from orchestrator.naming import printable

_TOLD = 20
_BESIDE = os.O_NOFOLLOW | os.O_NONBLOCK
_OF = "of "
"""What a line of a note begins with that says what the list was made of."""
_NONE = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENXIO, errno.ENAMETOOLONG}
"""There is no file of that name, or what is called so only points to one, and that stays where it is."""


_EDITED = "somebody wrote into it, nobody resubmitted it, and it had to be made anew"
_OF_ANOTHER = "its file holds other rows now, and those of the list are not at the remote"
_REMEDIES = {
    _EDITED: "take over what is still wanted, but mind that a row may stand on another line now",
    _OF_ANOTHER: "mend them, and put them into a file of their own, without the columns that begin with _",
}
"""Why a list is kept, and what is to be done with it."""


class LeftAsItIs(Exception):
    """The list would be what it is, or what it was before a person wrote into it, who has not resubmitted it."""


class Edits:
    def __init__(self, lists: Path, notes: Path, *, increments: bool = False) -> None:
        """*lists*: the folder of the lists of rejects. *increments*: the rows in that of one version of a file are in
        no later one, so it is kept as an edited one is."""
        self._lists = lists
        self._increments = increments
        self._folder = lists.parent / "edited"
        self._notes = notes
        self._told: list[str] = []
        self.strays = 0
        """Lists that were kept because their rows are nowhere else."""

    @property
    def remark(self) -> str:
        """Where the edited lists lie, for a person; the log has all of them."""
        more = [f"and {len(self._told) - _TOLD:,} more: see the log"] if len(self._told) > _TOLD else []
        return "\n".join([*self._told[:_TOLD], *more])

    def make_way(self, path: RelPath, new: Digest | None, source: Digest | None = None) -> None:
        """Before the list is made anew of the *source*, or taken away, which is None.

        Raises LeftAsItIs, SourceChanged for a list that cannot be looked into, StorageError, OutputError.
        """
        there = self._digest(self._lists / path)
        if there is not None and there == new:
            self.written(path, there, source)
            raise LeftAsItIs
        is_stray = there is not None and self._increments and not self.is_of(path, source)
        if there is not None and there not in (known := self._known(path)):
            if known and known[0] == new:
                self._note(path, known, [source])
                raise LeftAsItIs
            self._set_aside(path, there, _OF_ANOTHER if is_stray else _EDITED)
        elif there is not None and is_stray:
            self._set_aside(path, there, _OF_ANOTHER)
        self.strays += is_stray
        if new is not None or there is not None:
            self.expect(path, new or Digest(""), source)

    def expect(self, path: RelPath, content: Digest, *sources: Digest | None) -> None:
        """What stands in the list from now on may be this, of which nothing is lost when it is written over, and may be
        made of the *sources*."""
        self._note(path, [*(self._known(path) or [""]), content], [*self._sources(path), *sources])

    def written(self, path: RelPath, content: Digest, source: Digest | None = None) -> None:
        self._note(path, [content], [source])

    def taken_away(self, path: RelPath, source: Digest | None) -> None:
        """There is no list any more, because the *source* needs none."""
        self._note(path, [""], [source])

    def is_of(self, path: RelPath, source: Digest | None) -> bool:
        """Whether the list was made of it, or there is none because of it, as far as that was noted."""
        return all(each == (source or "") for each in self._sources(path))

    def written_at(self, path: RelPath) -> float:
        """Unix time at which the program knew last that a list of its own stood there; long ago where it did not."""
        known = self._known(path)
        try:
            return self._note_of(path).stat().st_mtime if len(known) == 1 and known[0] else 0.0
        except OSError:
            return 0.0

    def _set_aside(self, path: RelPath, content: Digest, cause: str) -> None:
        """A run that was killed may have done so before."""
        places = (self._folder / str(number) / path for number in count(1))
        place = next(each for each in places if not os.path.lexists(each) or self._digest(each) == content)
        if not os.path.lexists(place):
            with storing(place), _opened(self._lists / path) as edited, whole_file(place) as copy:
                shutil.copyfileobj(edited, copy)
        listed, kept = printable(str(self._lists / path)), printable(str(place))
        structlog.get_logger().warning("list_kept", path=printable(path), kept=kept, cause=cause)
        self._told.append(f"{listed}: {cause}. It lies in {kept}: {_REMEDIES[cause]}")

    def _digest(self, place: Path) -> Digest | None:
        try:
            with _opened(place) as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    return None
                return Digest(hashlib.file_digest(file, "sha256").hexdigest())
        except PermissionError:
            cause = "may hold what somebody wrote, and this user may not read it: mend its permissions"
            raise SourceChanged(f"its list, {printable(str(place))}, {cause}") from None
        except OSError as error:
            if error.errno in _NONE:
                return None
            raise

    def _known(self, path: RelPath) -> list[str]:
        """What was written last, which is empty where nobody knows, and what may stand there beside."""
        return [line for line in self._lines(path) if not line.startswith(_OF)]

    def _sources(self, path: RelPath) -> list[Digest]:
        """What the list may have been made of; nothing where that was never noted, and an empty one for no file."""
        return [Digest(line.removeprefix(_OF)) for line in self._lines(path) if line.startswith(_OF)]

    def _lines(self, path: RelPath) -> list[str]:
        try:
            return self._note_of(path).read_text(encoding="ascii").split("\n")
        except (OSError, ValueError):
            return []

    def _note(self, path: RelPath, contents: Iterable[str], sources: Iterable[Digest | None]) -> None:
        """Not durably: without it a list counts as edited, and nothing is lost. Raises StorageError or OutputError."""
        lines = [*contents, *dict.fromkeys(f"{_OF}{source or ''}" for source in sources)]
        put(self._note_of(path), "\n".join(lines).encode("ascii"), durable=False)

    def _note_of(self, path: RelPath) -> Path:
        return self._notes / hashlib.sha256(os.fsencode(path)).hexdigest()[:32]


def _opened(place: Path) -> BufferedReader:
    """Nothing is followed, and nothing waited for. Raises OSError."""
    return open(place, "rb", opener=lambda name, flags: os.open(name, flags | _BESIDE))
