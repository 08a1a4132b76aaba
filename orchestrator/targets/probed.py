"""How the answer to a GET at an upload endpoint is read: it sends nothing, and one that is well says 405. Pure."""

from __future__ import annotations

from orchestrator.edges.answer import Answer
from orchestrator.errors import Denied, Garbled, Misdirected, NotSent


def require_well(answer: Answer, url: str, *, denied: str, remedy: str) -> None:
    """Raises Misdirected where there is none, Garbled for an answer that an endpoint in trouble would not give."""
    status, after = answer.status, answer.retry_after
    if status == 403:
        raise Denied(f"{denied} (403)")
    if status == 404:
        raise Misdirected(f"{url}: there is no upload endpoint (404). {remedy}")
    if status in (408, 425, 429) or status >= 500:
        raise NotSent(f"{url}: the remote answered {status}", retry_after=after)
    if status != 405:
        raise Garbled(f"{url}: the remote answers {status} to a GET, an upload endpoint 405", retry_after=after)
