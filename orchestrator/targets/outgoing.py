"""A request body on its way: whole in memory, or a stream of known length whose source may turn out to have changed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from orchestrator.edges.answer import Answer
from orchestrator.edges.body import Hold, MeasuredBody, releasing
from orchestrator.errors import Garbled, SourceChanged, TargetError
from orchestrator.model import Token
from orchestrator.ports import Held, Release, Text

_AT_ONCE = 1 << 20
"""Bytes that are handed to the transport in one piece; aiohttp warns about more."""
_SLICE = 256 << 10


class Outgoing:
    def __init__(self, body: bytes | Callable[[], AsyncIterator[bytes]], size: int, hold: Hold | None = None) -> None:
        """*body* is read once for every exchange. With *hold* the last bytes wait for it."""
        self._body = body
        self.size = size
        self._hold = hold
        self._changed = False

    def open(self) -> bytes | MeasuredBody:
        """Anew for every exchange."""
        self._changed = False
        if isinstance(self._body, bytes) and self.size <= _AT_ONCE and self._hold is None:
            return self._body
        return MeasuredBody(self._pieces, self.size, self._hold)

    def require_unchanged(self) -> None:
        """Raises SourceChanged when that is why the last exchange broke: then its body was never complete."""
        if self._changed:
            raise SourceChanged("the file changed while it was sent, so its sending was broken off")

    async def _pieces(self) -> AsyncIterator[bytes]:
        if isinstance(self._body, bytes):
            for at in range(0, len(self._body), _SLICE):
                yield self._body[at : at + _SLICE]
            return
        try:
            async for piece in self._body():
                yield piece
        except SourceChanged:
            self._changed = True
            raise


def in_pieces(pieces: Sequence[bytes], hold: Hold | None) -> Outgoing:
    """What is held as pieces, and is not to be held twice for being joined."""
    size = sum(map(len, pieces))
    if size <= _AT_ONCE:
        return Outgoing(b"".join(pieces), size, hold)

    async def stream() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return Outgoing(stream, size, hold)


async def submitted(
    body: Outgoing,
    hold: Hold | None,
    release: Release | None,
    send: Callable[[], Awaitable[Answer]],
    read: Callable[[Answer], Token],
) -> Token:
    """What *read* makes of the answer to *send*, which sends *body*. Raises what both do, or SourceChanged."""
    try:
        return read(await (send() if hold is None or release is None else releasing(hold, release, send)))
    except Garbled:
        raise  # a success in answer to a part proves nothing, whatever has happened to the file
    except TargetError:
        body.require_unchanged()
        raise


async def held(part: Text) -> bytes:
    """All of it. Raises SourceChanged when it is not the text any more that was checked."""
    if isinstance(part, Held):
        return part.text.encode()
    return b"".join([piece async for piece in encoded(part, part.size, str.encode)])


async def encoded(part: Text, size: int, encode: Callable[[str], bytes]) -> AsyncIterator[bytes]:
    """The text of *part*, piece by piece, never more than *size* bytes of it.

    Raises SourceChanged for more: the transport would cut it to the announced length and call it whole.
    """
    if isinstance(part, Held):
        for at in range(0, len(part.text), _SLICE):
            yield encode(part.text[at : at + _SLICE])
        return
    left = size
    async for text in part.pieces():
        piece = encode(text)
        left -= len(piece)
        if left < 0:
            raise SourceChanged("the file grew while it was sent")
        yield piece
