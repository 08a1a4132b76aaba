"""The body of an upload as the Platform wants it: one JSON object, whole in memory or streamed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from orchestrator.edges.body import Hold, MeasuredBody
from orchestrator.errors import SourceChanged
from orchestrator.ports import Body, Held, Part

_AT_ONCE = 1 << 20
"""Bytes that are handed to the transport in one piece; aiohttp warns about more."""
_SLICE = 256 << 10


def length_of(body: Body) -> int:
    """Bytes of its texts as they go out."""
    return _size(body.data) + (_size(body.events) if body.events is not None else 0)


class Payload:
    """The request body: whole in memory for held text, a stream of known length for streamed text."""

    def __init__(self, members: dict[str, Any], body: Body, hold: Hold | None = None) -> None:
        """With *hold* the last bytes wait for it."""
        self._hold = hold
        self._changed = False
        parts = {"Data": body.data} if body.events is None else {"Data": body.data, "EventData": body.events}
        self._whole: bytes | None = None
        if all(isinstance(part, Held) for part in parts.values()):
            texts = {name: part.text for name, part in parts.items() if isinstance(part, Held)}
            self._whole = json.dumps(members | texts, ensure_ascii=False).encode()
            self.size = len(self._whole)
            return  # the usual case: the rest is for files too large to hold
        self._head = json.dumps(members, ensure_ascii=False).encode()[:-1]
        self._parts = parts
        frame = sum(len(f', "{name}": ""') for name in parts) + 1
        self.size = len(self._head) + frame + sum(_size(part) for part in parts.values())

    def open(self) -> bytes | MeasuredBody:
        """Anew for every exchange."""
        self._changed = False
        if self._whole is not None and self.size <= _AT_ONCE and self._hold is None:
            return self._whole
        return MeasuredBody(self._stream if self._whole is None else self._slices, self.size, self._hold)

    async def _slices(self) -> AsyncIterator[bytes]:
        whole = self._whole or b""
        for at in range(0, len(whole), _SLICE):
            yield whole[at : at + _SLICE]

    def require_unchanged(self) -> None:
        """Raises SourceChanged when that is why the last exchange broke: then its body was never complete."""
        if self._changed:
            raise SourceChanged("the file changed while it was sent, so its sending was broken off")

    async def _stream(self) -> AsyncIterator[bytes]:
        yield self._head
        try:
            for name, part in self._parts.items():
                yield f', "{name}": "'.encode()
                left = _size(part)
                async for piece in _pieces(part):
                    escaped = json.dumps(piece, ensure_ascii=False).encode()[1:-1]
                    left -= len(escaped)
                    if left < 0:  # the transport would cut it to the announced length and call it whole
                        raise SourceChanged("the file grew while it was sent")
                    yield escaped
                yield b'"'
        except SourceChanged:
            self._changed = True
            raise
        yield b"}"


def _size(part: Part) -> int:
    """Bytes in UTF-8, escaped as the inside of a JSON string."""
    if isinstance(part, Held):
        return len(json.dumps(part.text, ensure_ascii=False).encode()) - 2
    return part.json_size


async def _pieces(part: Part) -> AsyncIterator[str]:
    if isinstance(part, Held):
        yield part.text
        return
    async for piece in part.pieces():
        yield piece
