"""A result as it was downloaded, in the core's terms."""

from __future__ import annotations

import hashlib

from orchestrator.edges.answer import Answer
from orchestrator.ports import Fetched


def fetched_of(key: str, answer: Answer) -> Fetched:
    if (spilled := answer.spilled) is not None:
        return Fetched(
            key=key,
            content_type=answer.content_type,
            body=None,
            spilled=spilled.path,
            head=spilled.head,
            size=spilled.size,
            sha256=spilled.sha256,
        )
    body = answer.body
    digest = hashlib.sha256(body).hexdigest()
    return Fetched(key=key, content_type=answer.content_type, body=body, size=len(body), sha256=digest)
