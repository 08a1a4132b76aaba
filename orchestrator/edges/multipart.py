"""`multipart/form-data` (RFC 7578) of known length: text fields, and one file whose content is not looked at."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field


def _boundary() -> str:
    """Random, so that no content can hold it by chance or on purpose."""
    return f"orchestrator-{secrets.token_hex(16)}"


@dataclass(frozen=True, slots=True)
class Form:
    boundary: str = field(default_factory=_boundary)

    @property
    def content_type(self) -> str:
        return f"multipart/form-data; boundary={self.boundary}"

    def fields(self, fields: Mapping[str, str]) -> bytes:
        """A whole body without a file."""
        return b"".join(self._head(name) + text.encode() + b"\r\n" for name, text in fields.items()) + self.end

    def file_head(self, name: str, filename: str, content_type: str) -> bytes:
        """What stands before the content of the only part; `end`, after a line end, closes it."""
        return self._head(name, f'; filename="{filename}"\r\nContent-Type: {content_type}')

    @property
    def end(self) -> bytes:
        return f"--{self.boundary}--\r\n".encode()

    def _head(self, name: str, more: str = "") -> bytes:
        return f'--{self.boundary}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode()
