"""The body of an upload as the Platform wants it: one JSON object, whole in memory or streamed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from orchestrator.edges.body import Hold
from orchestrator.ports import Body, Held, Text
from orchestrator.targets.outgoing import Outgoing, encoded


def length_of(body: Body) -> int:
    """Bytes of its texts as they go out."""
    return _size(body.data) + (_size(body.events) if body.events is not None else 0)


def payload_of(members: dict[str, Any], body: Body, hold: Hold | None = None) -> Outgoing:
    """Whole in memory for held text, a stream of known length for streamed text."""
    parts = {"Data": body.data} if body.events is None else {"Data": body.data, "EventData": body.events}
    if all(isinstance(part, Held) for part in parts.values()):
        texts = {name: part.text for name, part in parts.items() if isinstance(part, Held)}
        whole = json.dumps(members | texts, ensure_ascii=False).encode()
        return Outgoing(whole, len(whole), hold)  # the usual case: the rest is for files too large to hold
    head = json.dumps(members, ensure_ascii=False).encode()[:-1]
    frame = sum(len(f', "{name}": ""') for name in parts) + 1
    size = len(head) + frame + sum(_size(part) for part in parts.values())

    async def stream() -> AsyncIterator[bytes]:
        yield head
        for name, part in parts.items():
            yield f', "{name}": "'.encode()
            async for piece in encoded(part, _size(part), _escaped):
                yield piece
            yield b'"'
        yield b"}"

    return Outgoing(stream, size, hold)


def _size(part: Text) -> int:
    return len(_escaped(part.text)) if isinstance(part, Held) else part.json_size


def _escaped(text: str) -> bytes:
    """In UTF-8, as the inside of a JSON string."""
    return json.dumps(text, ensure_ascii=False).encode()[1:-1]
