"""CSV text as the inside of a JSON string."""

from __future__ import annotations

import json

_SHORT = b'"\\\b\f\n\r\t'
"""Escaped in two characters; every other control character takes six."""
_AS_IT_IS = bytes(set(range(0x20, 0x100)) - set(_SHORT))


def escaped(text: str) -> bytes:
    """In UTF-8."""
    return json.dumps(text, ensure_ascii=False)[1:-1].encode()


def json_length(text: str) -> int:
    """Bytes of `escaped`, which is not made for it: it is asked for all that is sent, once more than it is sent."""
    encoded = text.encode()
    signs = encoded.translate(None, _AS_IT_IS)
    return len(encoded) + len(signs) + 4 * len(signs.translate(None, _SHORT))
