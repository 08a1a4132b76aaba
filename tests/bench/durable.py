"""The bare loop with a record that outlives it, and nothing else: what durability costs at the very least.

Each file's rows are matched by one regular expression and hashed; three times its state is committed to SQLite
(WAL, synchronous=FULL), together with all that waits at that moment, in a thread; its two results are put in place by
rename. There are no retries, no lock, no renewal of a token, no companions, no start again, no report and no log.
"""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from tests.bench.bare import carry
from tests.bench.folders import HEADER

_DAY = r"(?:0[1-9]|[12]\d|3[01])/(?:0[1-9]|1[0-2])/\d{4}"
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d"
_CLEAN = re.compile(rf"{HEADER}\n(?:[^,\"\r\n]+,{_DAY},{_TIME},{_DAY},{_TIME}\n)+")
_RESULTS = ("feedback.txt", "tableofresultids.json")

Row = tuple[str, str, str, str]


class Keeper:
    """Keeps what is recorded in *place*, a new folder; the first of all that wait commits for all of them."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._database = sqlite3.connect(place / "ledger.sqlite3", check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute("CREATE TABLE jobs (name TEXT PRIMARY KEY, digest TEXT, token TEXT, results TEXT)")
        self._rows: list[Row] = []
        self._committed: asyncio.Future[None] | None = None
        self._turn = asyncio.Lock()

    async def record(self, name: str, token: str, texts: Sequence[str]) -> None:
        """Durable when it returns; with no token yet the text is the file's, later ones are its results."""
        digest = "" if token else _checked(texts[0])
        self._rows.append((name, digest, token, "\0".join(texts) if token else ""))
        if self._committed is None:
            self._committed = asyncio.get_running_loop().create_future()
            committed = self._committed
            async with self._turn:
                rows, self._rows, self._committed = self._rows, [], None
                await asyncio.to_thread(self._commit, rows)
            committed.set_result(None)
        else:
            await self._committed
        if token and texts:
            self._write(name, texts)

    def done(self) -> int:
        """Files of which results are durable."""
        [(count,)] = self._database.execute("SELECT COUNT(*) FROM jobs WHERE results <> ''")
        return int(count)

    def _commit(self, rows: Sequence[Row]) -> None:
        self._database.execute("BEGIN")
        self._database.executemany(
            "INSERT INTO jobs VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE "
            "SET token = excluded.token, results = excluded.results",
            rows,
        )
        self._database.execute("COMMIT")

    def _write(self, name: str, texts: Sequence[str]) -> None:
        folder = self._place / name
        folder.mkdir()
        for result, text in zip(_RESULTS, texts, strict=True):
            temporary = folder / f".{result}"
            temporary.write_text(text)
            os.rename(temporary, folder / result)


def _checked(text: str) -> str:
    if not _CLEAN.fullmatch(text):
        raise SystemExit("the files of the benchmark are expected to be clean")
    return sha256(text.encode()).hexdigest()


if __name__ == "__main__":
    _, base_url, token_url, client_id, folder, out, *fresh = sys.argv
    place, paths = Path(out), sorted(Path(folder).iterdir())
    place.mkdir()
    keeper = Keeper(place)
    asyncio.run(carry(base_url, token_url, client_id, paths, keeper.record, fresh=bool(fresh)))
    if keeper.done() != len(paths):
        raise SystemExit(f"{keeper.done()} of {len(paths)} files are done")
