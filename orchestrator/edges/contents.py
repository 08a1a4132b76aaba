"""The bytes of a file that was listed, and their digest."""

from __future__ import annotations

import hashlib
import os
from errno import EMFILE, ENFILE, ENOMEM

from orchestrator.edges.folder import Folder, stamp_of
from orchestrator.edges.sheets import CHUNK, heed_a_stop
from orchestrator.errors import SourceChanged
from orchestrator.model import Digest, Part, RelPath
from orchestrator.ports import HELD_LIMIT, Moving, Stamp, Unreadable

_SHORT_OF = (EMFILE, ENFILE, ENOMEM)


def contents_of(folder: Folder, path: RelPath, expected: Stamp | None) -> tuple[bytes | None, Digest]:
    """The content if it is small, and its digest. Raises SourceChanged when it is not the file that was listed."""
    fd = folder.open(path)
    try:
        before = stamp_of(os.fstat(fd))
        if expected is not None and before != expected:
            raise SourceChanged("changed after it was listed")
        content, digest = _read(fd, before.size)
        if stamp_of(os.fstat(fd)) != before or (content is not None and len(content) != before.size):
            raise SourceChanged("changed while it was read")
    finally:
        os.close(fd)
    return content, Digest(digest)


def contents_of_part(folder: Folder, path: RelPath, part: Part, expected: Stamp | None) -> bytes:
    """What the part begins with, and its own rows: as if they were a file.

    Raises OSError, and SourceChanged when it is not the file that was listed.
    """
    with open(folder.open(path), "rb") as source:
        if expected is not None and stamp_of(os.fstat(source.fileno())) != expected:
            raise SourceChanged("changed after it was listed")
        beginning = source.read(part.head)
        source.seek(part.start)
        return beginning + source.read(part.size)


def _read(fd: int, size: int) -> tuple[bytes | None, str]:
    """The bytes, if they are few enough to hold, and their SHA-256."""
    if size <= HELD_LIMIT:
        content = os.read(fd, size + 1)
        while 0 < len(content) < size and (more := os.read(fd, size + 1 - len(content))):
            content += more
        return content, hashlib.sha256(content).hexdigest()
    digest = hashlib.sha256()
    while chunk := os.read(fd, CHUNK):
        heed_a_stop()
        digest.update(chunk)
    return None, digest.hexdigest()


def unreadable(subject: str, error: OSError) -> Unreadable | Moving:
    """What the machine is short of is no fault of the file."""
    cause = f"{subject} cannot be read ({error.strerror or error})"
    if error.errno in _SHORT_OF:
        return Moving(f"{cause}: the machine is short of it (see ulimit -n)" if error.errno == EMFILE else cause)
    return Unreadable(f"{cause}. Mend its permissions or put it here again")
