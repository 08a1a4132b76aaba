"""Put a file in place whole or not at all: temporary name, write, fsync, rename, fsync of the folder."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from orchestrator.errors import OutputError, StorageError
from orchestrator.naming import printable

TEMPORARY = ".~"
"""How the name of a file begins that is not yet in place: hidden, beside its final place."""

_UNFINISHED = re.compile(rf"{re.escape(TEMPORARY)}[0-9a-f]{{16}}")

PRIVATE = 0o600

_PASSING = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EMFILE, errno.ENFILE}


@contextmanager
def whole_file(path: Path | str, *, durable: bool = True) -> Iterator[BinaryIO]:
    """A file that appears under *path* when the block ends well, and leaves nothing behind when it does not.

    Not *durable* skips the two fsyncs, for what can be made again from the ledger.
    """
    folder, name = os.path.split(path)
    temporary = f"{folder}/{TEMPORARY}{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}"
    try:
        with _opened(temporary) as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):  # what went wrong first is what is told
            os.unlink(temporary)
        raise
    if durable:
        sync_folder(folder)


def _opened(path: str) -> BinaryIO:
    """Most folders exist, so they are made only when they do not; what a killed run left behind is taken away."""
    try:
        return open_private(path)
    except FileExistsError:
        os.unlink(path)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    return open_private(path)


def open_private(path: Path | str) -> BinaryIO:
    """A new file that is ours alone. Raises FileExistsError for whatever stands there, a link too."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, PRIVATE), "wb")


def clear_unfinished(folder: Path | str) -> None:
    """Take away what killed runs left here and below; what others hide here stays. Raises OSError."""
    for place, _, names in os.walk(folder):
        for name in names:
            if _UNFINISHED.fullmatch(name):
                Path(place, name).unlink(missing_ok=True)


@contextmanager
def storing(path: Path | str) -> Iterator[None]:
    """What goes wrong inside is told with its remedy: raises StorageError or OutputError."""
    try:
        yield
    except OSError as error:
        raise storage_trouble(path, error) from None


def storage_trouble(path: Path | str, error: OSError) -> OutputError | StorageError:
    """A full or failing disk passes, a place that cannot be written does not."""
    where = printable(str(path))
    if error.errno in _PASSING:
        return StorageError(
            f"{where}: the disk does not take it ({error.strerror}). Make room or mend the disk, "
            "then run the same command again: nothing is lost."
        )
    if (obstacle := _obstacle(error)) is not None:
        return OutputError(
            f"{printable(str(obstacle))}: a folder must be there, and something else is. Move it away, or name another "
            "output folder (-o)."
        )
    return OutputError(
        f"{where}: it cannot be written ({error.strerror}). Name an output folder that this user may write (-o)."
    )


def _obstacle(error: OSError) -> Path | None:
    """What stands in the place of a folder, if that is what went wrong."""
    if error.errno not in (errno.EEXIST, errno.ENOTDIR) or not isinstance(error.filename, str):
        return None
    way = (Path(error.filename), *Path(error.filename).parents)
    there = next((place for place in way if os.path.lexists(place)), None)
    return there if there is not None and not there.is_dir() else None


def put(path: Path | str, content: bytes, *, durable: bool = True) -> None:
    """Raises StorageError or OutputError."""
    with storing(path), whole_file(path, durable=durable) as file:
        file.write(content)


def move(source: Path, path: Path) -> None:
    """Put a finished file of ours in place, durably. Raises StorageError or OutputError."""
    with storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as file:
            os.fsync(file.fileno())
        source.replace(path)
        sync_folder(path.parent)


def sync_folder(folder: Path | str) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
