"""The body of an upload as the Platform wants it: one JSON object, whole in memory or streamed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from orchestrator.edges.body import Hold
from orchestrator.edges.escaped import escaped, json_length
from orchestrator.ports import Body, Held, Text
from orchestrator.targets.outgoing import Outgoing, encoded

_WHOLE = 256 << 10
"""Characters of CSV up to which a body is made at once."""


def length_of(body: Body) -> int:
    """Bytes of its texts as they go out."""
    return _size(body.data) + (_size(body.events) if body.events is not None else 0)


def payload_of(members: dict[str, Any], body: Body, hold: Hold | None = None) -> Outgoing:
    """Whole in memory where it is small, else a stream of known length: a large text is not held twice."""
    parts = {"Data": body.data} if body.events is None else {"Data": body.data, "EventData": body.events}
    texts = {name: part.text for name, part in parts.items() if isinstance(part, Held)}
    if len(texts) == len(parts) and sum(map(len, texts.values())) <= _WHOLE:
        whole = json.dumps(members | texts, ensure_ascii=False).encode()
        return Outgoing(whole, len(whole), hold)
    head = json.dumps(members, ensure_ascii=False).encode()[:-1]
    frame = sum(len(f', "{name}": ""') for name in parts) + 1
    size = len(head) + frame + sum(_size(part) for part in parts.values())

    async def stream() -> AsyncIterator[bytes]:
        yield head
        for name, part in parts.items():
            yield f', "{name}": "'.encode()
            async for piece in encoded(part, _size(part), escaped):
                yield piece
            yield b'"'
        yield b"}"

    return Outgoing(stream, size, hold)


def _size(part: Text) -> int:
    return json_length(part.text) if isinstance(part, Held) else part.json_size
