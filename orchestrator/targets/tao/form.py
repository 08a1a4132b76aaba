"""The body of an upload as TAO wants it: one file in a form, whole in memory or streamed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from orchestrator.edges.body import Hold
from orchestrator.edges.multipart import Form
from orchestrator.model import Name
from orchestrator.ports import Held, Text
from orchestrator.targets.outgoing import Outgoing, encoded

_LONGEST_NAME = 100


def size_of(part: Text) -> int:
    return len(part.text.encode()) if isinstance(part, Held) else part.size


def filename_of(name: Name) -> str:
    """Ends in .csv, because that is what the remote goes by; holds nothing that a header would have to escape."""
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[-_LONGEST_NAME:]
    return f"{readable or 'rows'}.csv"


def upload_of(form: Form, name: Name, part: Text, hold: Hold | None = None) -> Outgoing:
    head, end = form.file_head("file", filename_of(name), "text/csv"), b"\r\n" + form.end
    size = size_of(part)
    if isinstance(part, Held):
        whole = head + part.text.encode() + end
        return Outgoing(whole, len(whole), hold)

    async def stream() -> AsyncIterator[bytes]:
        yield head
        async for piece in encoded(part, size, str.encode):
            yield piece
        yield end

    return Outgoing(stream, len(head) + size + len(end), hold)
