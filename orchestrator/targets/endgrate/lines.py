"""A result that comes in pages, as JSON Lines: held while it is small, else in a file of its own."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import anyio.to_thread

from orchestrator.edges.answer import RESULT_LIMIT, SPILL_FROM
from orchestrator.edges.atomic import open_private, storing
from orchestrator.errors import Unclear
from orchestrator.ports import Fetched

JSON_LINES = "application/jsonl"


def as_line(item: Mapping[str, Any]) -> bytes:
    """Raises Unclear for what came as JSON and cannot be written as such: a number beyond all numbers."""
    try:
        text = json.dumps(item, ensure_ascii=False, allow_nan=False)
    except ValueError:
        raise Unclear("a record holds a number that is none") from None
    return text.encode("utf-8", "backslashreplace") + b"\n"  # half of a surrogate pair becomes its JSON escape


class Lines:
    """Within its block. What was written to a file is taken away again unless `fetched` was asked for."""

    def __init__(self, spill: Path) -> None:
        self._path = spill / uuid.uuid4().hex
        self._file: BinaryIO | None = None
        self._head = bytearray()
        self._size = 0
        self._digest = hashlib.sha256()
        self._is_kept = False

    async def __aenter__(self) -> Lines:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            with suppress(OSError):  # what could not be written was told when it was
                self._file.close()
            if not self._is_kept:
                self._path.unlink(missing_ok=True)

    async def add(self, items: Iterable[Mapping[str, Any]]) -> None:
        text = b"".join(as_line(item) for item in items)
        self._digest.update(text)
        self._size += len(text)
        if self._size > RESULT_LIMIT:
            raise Unclear(f"the result is longer than {RESULT_LIMIT:,} bytes")
        if self._file is None and self._size <= SPILL_FROM:
            self._head += text
            return
        with storing(self._path):
            if self._file is None:
                self._file = open_private(self._path)  # not in a thread: a cancel would lose the handle
                text = bytes(self._head) + text
            await anyio.to_thread.run_sync(self._file.write, text)

    def fetched(self, key: str) -> Fetched:
        """All of it, as one result."""
        digest, head = self._digest.hexdigest(), bytes(self._head)
        if self._file is None:
            return Fetched(key=key, content_type=JSON_LINES, body=head, size=self._size, sha256=digest)
        with storing(self._path):
            self._file.close()
        self._is_kept = True
        return Fetched(
            key=key,
            content_type=JSON_LINES,
            body=None,
            spilled=str(self._path),
            head=head,
            size=self._size,
            sha256=digest,
        )
