"""TAO as a run configures it, before a server that says what a test wants it to."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from contract.remotes import RemoteSubject
from contract.stand import Stand
from contract.subjects import NOBODY, TAO

from targets.wire import Script, Server, answer, as_json, scripted

REFERENCE = NOBODY
TAKEN = as_json({"result": {"message": "File uploaded", "referenceId": REFERENCE}})

STYLES: dict[str, Callable[[int, str], bytes]] = {
    "nested": lambda status, message: as_json({"error": {"message": message}}, status),
    "message": lambda status, message: as_json({"message": message}, status),
    "error": lambda status, message: as_json({"error": message}, status),
    "problem": lambda status, message: answer(
        status, json.dumps({"title": "No", "detail": message}), kind="application/problem+json"
    ),
    "text": lambda status, message: answer(status, message),
}
"""The frames in which this vendor and its sibling services are known to put a message."""


def configured(**settings: object) -> RemoteSubject:
    return replace(TAO, settings=settings)


@asynccontextmanager
async def tao_at(
    folder: Path, *replies: Script, tokens: tuple[Script, ...] = (), **settings: Any
) -> AsyncIterator[tuple[Stand, Server]]:
    subject = configured(**settings)
    async with (
        scripted(*replies, tokens=tokens) as server,
        subject.facing(folder, subject.at(folder, server.url)) as stand,
    ):
        yield stand, server


def status(word: object, **members: object) -> bytes:
    given: Mapping[str, object] = {"status": word, "fileLine": 0, "messages": [], **members}
    return as_json({"result": given})
