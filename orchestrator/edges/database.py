"""The file behind the ledger: opened, made, brought up to date, and what is wrong with it in words."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

from orchestrator.edges.atomic import put, storage_trouble
from orchestrator.edges.tables import SCHEMA, SCHEMA_VERSION, SELECT_MAY_BE_THERE, SELECT_UNDER_WAY, UPGRADES
from orchestrator.edges.wal import judge
from orchestrator.errors import OutputError, StorageError
from orchestrator.naming import printable

_DAMAGED = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT}
"""The last two: our statements are right, so it is the tables that are not."""

UNREADABLE = (sqlite3.Error, ValueError, TypeError)
"""What reading raises; the last two when a row, or what SQLite quotes of it, is none that we can have written."""


_VERSIONS, _OF_WAL = slice(18, 20), b"\x02\x02"
"""Where a database says by which versions of the file format it is written and read, and those of a log (SQLite's
description of its file format, 1.3.3)."""


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """A connection that any thread may use, one at a time; transactions are begun and ended by hand."""
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=10)


def require_whole(path: Path) -> None:
    """Raises OutputError when to open the ledger would drop commits that were durable; nothing is touched.

    Beside a writer too: what it wrote while the log was read is no damage, and the next reading differs by it.
    """
    log = path.with_name(f"{path.name}-wal")
    content = _content(log)
    found = judge(content)
    if found.spoiled and _content(log) == content:
        raise _lost(log, "it is damaged, and commits of the ledger that only it holds cannot be read any more")
    if _is_blank(path) and found.kept:
        raise _lost(path, "the ledger is damaged: it is gone or empty, and only its log is left")


def open_database(path: Path, target_id: str, *, may_begin: bool) -> sqlite3.Connection:
    """The connection that writes. Raises OutputError when the file is no ledger of this target.

    Where there is none one is begun, or it is told that one must have been there, unless *may_begin*.
    """
    require_whole(path)
    if _is_blank(path) and not may_begin:
        raise _gone(path)
    if not any(path.parent.glob(f"{path.name}*")):
        _make(path, target_id)
    db = connect(path, "rwc")
    try:
        if not db.execute("SELECT 1 FROM sqlite_master").fetchone():
            if not may_begin:
                raise _gone(path)
            _create(db, target_id)
        _bind(db, path, target_id)
        _upgrade(db)
        require_known_schema(db, path)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
    except BaseException:
        db.close()
        raise
    return db


def _content(file: Path) -> bytes:
    return file.read_bytes() if _size(file) else b""


def _is_blank(path: Path) -> bool:
    return _size(path) == 0


def _size(file: Path) -> int:
    """0 when it is not there. Raises OutputError for what may be opened for ever: a pipe, a device."""
    try:
        found = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return 0
    if not stat.S_ISREG(found.st_mode):
        raise OutputError(
            f"{_shown(file)}: the ledger cannot be opened: it is no regular file. Name the output folder of a run (-o)."
        )
    return found.st_size


def _make(path: Path, target_id: str) -> None:
    """Whole or not at all: a kill in between leaves nothing that whoever only looks could not read."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        _create(db, target_id)
        content = bytearray(db.serialize())
    content[_VERSIONS] = _OF_WAL  # else the first to open it would have to say so, in a commit of the other kind
    put(path, bytes(content))


def _create(db: sqlite3.Connection, target_id: str) -> None:
    db.executescript(f"BEGIN;{SCHEMA}")
    db.executemany("INSERT INTO meta VALUES (?, ?)", [("schema", SCHEMA_VERSION), ("target", target_id)])
    db.execute("COMMIT")


def target_of(db: sqlite3.Connection, path: Path) -> str:
    """The target that the ledger belongs to. Raises OutputError when the file is no ledger."""
    return str(_meta(db, path).get("target"))


def require_known_schema(db: sqlite3.Connection, path: Path) -> None:
    """Raises OutputError when this program cannot read the ledger as it stands."""
    schema = _meta(db, path).get("schema")
    if schema in UPGRADES:
        raise OutputError(
            f"{_shown(path)}: this ledger is of an earlier version of this program. The next run brings it up to date."
        )
    if schema != SCHEMA_VERSION:
        raise OutputError(
            f"{_shown(path)}: this ledger was written by another version of this program (schema "
            f"{schema}, this one knows {SCHEMA_VERSION}). Use that version, or another output folder."
        )


def _meta(db: sqlite3.Connection, path: Path) -> dict[str, str]:
    try:
        return dict(db.execute("SELECT key, value FROM meta").fetchall())
    except sqlite3.OperationalError as error:
        if "no such" not in str(error):
            raise
        raise OutputError(f"{_shown(path)}: this is not a ledger. Name the output folder of a run (-o).") from None


def _upgrade(db: sqlite3.Connection) -> None:
    """From version to version, each step in one transaction."""
    known = "SELECT value FROM meta WHERE key = 'schema'"
    while (statements := UPGRADES.get(str(db.execute(known).fetchone()[0]))) is not None:
        db.executescript(f"BEGIN IMMEDIATE;{statements}COMMIT;")


def _bind(db: sqlite3.Connection, path: Path, target_id: str) -> None:
    """A ledger of which no remote can have anything takes another target: the first may have been a slip."""
    if (target := target_of(db, path)) == target_id:
        return
    is_of_today = _meta(db, path).get("schema") == SCHEMA_VERSION
    if not is_of_today or db.execute(SELECT_MAY_BE_THERE).fetchone():
        raise OutputError(
            f"{_shown(path)}: this ledger belongs to the target {target!r}, not to {target_id!r}. Use one output "
            "folder for each target (-o). If it is the same remote under another address or account, set target.id to "
            "the first of the two."
        )
    db.execute("UPDATE meta SET value = ? WHERE key = 'target'", (target_id,))


def keep_names(path: Path, template: str) -> None:
    """Under another template every file would be new to the remote, and all that was sent would stand there twice.

    The first one is kept, and each as long as nothing was sent or is to be. Raises OutputError, StorageError.
    """
    try:
        with closing(connect(path, "rw")) as db:
            known = _meta(db, path).get("names")
            if known == template:
                return
            if known and db.execute(SELECT_UNDER_WAY).fetchone():
                raise _renamed(path, known, template)
            db.execute("INSERT OR REPLACE INTO meta VALUES ('names', ?)", (template,))
    except UNREADABLE as error:
        raise trouble(error, path) from None


def trouble(error: Exception, path: Path) -> OutputError | StorageError:
    """What an error of SQLite or of the system means: a damaged or unusable ledger, or a disk that fails."""
    if isinstance(error, OSError):
        return storage_trouble(path.parent, error)
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF  # none: a value that is none of ours
    if code in _DAMAGED:
        return damaged(path)
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return OutputError(f"{_shown(path)}: the ledger cannot be opened ({error}). Check that this user may write it.")
    return StorageError(
        f"{_shown(path.parent)}: the disk does not take or give what must be durable ({error}). "
        "Make room or mend the disk, then run the same command again: nothing is lost."
    )


def damaged(path: Path) -> OutputError:
    return OutputError(
        f"{_shown(path)}: it cannot be read: this is not a ledger, or it is damaged. Restore it from a backup; "
        "never delete it while items in it are open."
    )


def _lost(file: Path, what: str) -> OutputError:
    return OutputError(
        f"{_shown(file)}: {what}. Nothing was changed. Restore the ledger and its log together from a backup; never "
        "delete one of them: what was sent would be sent again."
    )


def _gone(path: Path) -> OutputError:
    return OutputError(
        f"{_shown(path)}: the ledger is gone or empty, but earlier runs left results or reports in this output folder. "
        "Restore it from a backup, or name another output folder (-o). To begin anew, which sends every file again, "
        "move results/ and runs/ away."
    )


def _renamed(path: Path, known: str, template: str) -> OutputError:
    return OutputError(
        f"{_shown(path)}: target.name was {printable(known)!r} when files of this ledger were sent or about to be, and "
        f"is {printable(template)!r} now: all of them would be sent once more, under other Names. Set it back, or use "
        "another output folder (-o) for what is to be sent under the new ones."
    )


def _shown(path: Path) -> str:
    return printable(str(path))
