"""Bytes to characters, piece by piece and strictly: the first byte that cannot be decoded ends the file."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins as that of UTF-16 does
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LONGEST_BOM = 4
_OF_NAMES = frozenset(("idna", "punycode"))
"""They decode the name of a host, which is no text that goes on."""
_HALF_A_PAIR = re.compile(r"[\ud800-\udfff]")
_UTF_8 = codecs.getincrementaldecoder("utf-8")


class Decoding:
    """A byte order mark decides, and is dropped; *encoding* is that of a file without one.

    An encoding that Python does not know, or that does not give characters, is a LookupError.
    """

    __slots__ = ("_decoder", "_head", "_is_lax", "_passed", "fault_at")

    def __init__(self, encoding: str) -> None:
        # The bytes held back until they are enough to tell a byte order mark; None once that is settled.
        self._head: bytes | None = b""
        self._passed = 0
        self.fault_at: int | None = None
        """How many bytes of the file stand before the first that cannot be decoded; None where nobody can tell."""
        # Some codecs (UTF-7 is one) give half a surrogate pair, which is no character and cannot be sent.
        self._is_lax = not is_utf_8(encoding)
        self._decoder = _decoder(encoding) if self._is_lax else _UTF_8("strict")

    def decode(self, chunk: bytes, *, last: bool = False) -> tuple[str, bool]:
        """The characters that are complete, and whether what follows them can be decoded at all."""
        text, decodable = self._decode(chunk, last=last)
        if self._is_lax and not text.isascii() and (half := _HALF_A_PAIR.search(text)):
            self.fault_at = None  # it is not known which bytes a character was made of
            return text[: half.start()], False
        return text, decodable

    def _decode(self, chunk: bytes, *, last: bool) -> tuple[str, bool]:
        if self._head is not None:
            chunk = self._head + chunk
            if len(chunk) < _LONGEST_BOM and not last:
                self._head = chunk
                return "", True
            self._head = None
            chunk = self._without_bom(chunk)
        state = self._decoder.getstate()
        try:
            text = self._decoder.decode(chunk, last)
        except UnicodeError as error:
            self._decoder.setstate(state)
            # The error counts from the bytes of an incomplete character that the decoder held back.
            good = error.start - len(state[0]) if isinstance(error, UnicodeDecodeError) else 0
            self.fault_at = self._passed + good
            return self._decoder.decode(chunk[: max(0, good)]), False
        self._passed += len(chunk)
        return text, True

    def _without_bom(self, chunk: bytes) -> bytes:
        if found := byte_order_mark(chunk):
            mark, encoding = found
            self._decoder = _decoder(encoding)
            self._passed = len(mark)
            return chunk[len(mark) :]
        return chunk


def byte_order_mark(data: bytes) -> tuple[bytes, str] | None:
    """The mark that *data* begins with, and the encoding that it stands for."""
    return next(((mark, encoding) for mark, encoding in _BOMS if data.startswith(mark)), None)


@lru_cache(maxsize=32)
def is_utf_8(encoding: str) -> bool:
    """By any of its names."""
    return codecs.lookup(encoding).name in {"utf-8", "utf-8-sig"}


def _decoder(encoding: str) -> codecs.IncrementalDecoder:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        empty: object = decoder.decode(b"")
    except (TypeError, UnicodeError):
        empty = None
    if not isinstance(empty, str) or codecs.lookup(encoding).name in _OF_NAMES:
        raise LookupError(f"{encoding} is not an encoding of text")
    return decoder
