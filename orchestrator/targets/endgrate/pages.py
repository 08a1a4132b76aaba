"""Long lists, page by page: the next one is asked for by its offset, and no link of the remote is followed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio.to_thread

from orchestrator.edges.answer import Answer
from orchestrator.edges.atomic import storing
from orchestrator.edges.http import Kind
from orchestrator.errors import Unclear
from orchestrator.targets.endgrate.answers import read
from orchestrator.targets.endgrate.api import Api

LARGEST = 64 << 20
"""Bytes of one page, which is held in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    items: list[dict[str, Any]]
    next: int | None
    """The offset of the page after it."""
    has_errors: bool
    """It is marked: not everything is in the list that should be."""
    is_cut: bool
    """There is more, and it does not say where."""


async def pages(api: Api, path: str, member: str, query: Mapping[str, str]) -> AsyncIterator[Page]:
    """All of them. A page that does not lead on is the last, whatever it says."""
    at: int | None = 0
    before: Page | None = None
    while at is not None:
        page = await page_at(api, path, member, query, at)
        require_other(page, before)
        yield page
        at, before = page.next, page


def require_other(page: Page, before: Page | None) -> None:
    """Raises Unclear for what came before: a remote that does not heed the offset would never come to an end."""
    if before is not None and page.items and page.items == before.items:
        raise Unclear("the same page came twice: the remote does not heed the offset")


async def page_at(api: Api, path: str, member: str, query: Mapping[str, str], offset: int) -> Page:
    answer = await api.get(Kind.RESULT, path, **query, offset=str(offset))
    return page_of(await _whole(answer), answer, member, offset)


def page_of(body: bytes, answer: Answer, member: str, offset: int) -> Page:
    """Raises Unclear when it is none, else what the status says."""
    members = read(answer, member, body)
    items = members.get(member)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Unclear(f"{member}: an answer without a list of them")
    meta = members.get("meta")
    after = meta.get("next") if isinstance(meta, dict) else None
    following = after.get("offset") if isinstance(after, dict) else None
    grows = type(following) is int and following > offset and items
    return Page(
        items=items,
        next=following if grows else None,
        has_errors=bool(members.get("transfer_errors")),
        is_cut=after is not None and not grows,
    )


async def _whole(answer: Answer) -> bytes:
    if answer.spilled is None:
        return answer.body
    if answer.spilled.size > LARGEST:
        raise Unclear("a page is longer than any page of this API")
    return await anyio.to_thread.run_sync(_taken_away, Path(answer.spilled.path))


def _taken_away(path: Path) -> bytes:
    with storing(path):
        content = path.read_bytes()
        path.unlink()
        return content
