"""CSV text as the inside of a JSON string."""

from __future__ import annotations

import json

_SHORT = b'"\\\b\f\n\r\t'
"""Escaped in two characters; every other control character takes six."""
_AS_IT_IS = bytes(set(range(0x20, 0x100)) - set(_SHORT))

_SLICE = 256 << 10
"""Characters that are looked at together: a large text is not copied as a whole."""


def escaped(text: str) -> bytes:
    """In UTF-8."""
    return json.dumps(text, ensure_ascii=False)[1:-1].encode()


def json_length(text: str) -> int:
    """Bytes of `escaped`, which is not made for it: it is asked for all that is sent, once more than it is sent."""
    return sum(_length(text[at : at + _SLICE].encode()) for at in range(0, len(text), _SLICE))


def _length(encoded: bytes) -> int:
    signs = encoded.translate(None, _AS_IT_IS)
    return len(encoded) + len(signs) + 4 * len(signs.translate(None, _SHORT))
