"""What Endgrate shows: pages of records for programs, and pages of HTML for people."""

from __future__ import annotations

from html import escape
from typing import Any

from orchestrator.sandbox.answer import HTML, Answer, as_json
from orchestrator.sandbox.knobs import EndgrateKnobs

# Nobody is there: a client that follows links, and does not go by the offset, is found out.
_ELSEWHERE = "https://pages.endgrate.invalid"


class Refusals:
    def __init__(self, knobs: EndgrateKnobs) -> None:
        self._soft = knobs.errors == "soft"

    def make(self, status: int, message: str, *, note: str, problems: dict[str, str] | None = None) -> Answer:
        body: dict[str, Any] = {"message": message} | ({"errors": problems} if problems else {})
        if self._soft and status in {400, 404}:
            status, body = 200, {"success": False, **body}
        answer = as_json(body, status=status)
        return Answer(status=status, body=answer.body, note=note)


def envelope(
    path: str, member: str, items: list[dict[str, Any]], total: int, offset: int, limit: int
) -> dict[str, Any]:
    """A page; where there is one before or after it, with that one's offset and a link that nobody should follow."""

    def neighbour(at: int) -> dict[str, Any]:
        return {"offset": at, "link": f"{_ELSEWHERE}{path}?offset={at}&limit={limit}"}

    meta: dict[str, Any] = {"count": total}
    if offset > 0:
        meta["previous"] = neighbour(max(offset - limit, 0))
    if offset + limit < total:
        meta["next"] = neighbour(offset + limit)
    return {"success": True, "meta": meta, member: items}


def html(title: str, text: str, status: int = 200) -> Answer:
    page = f"<!DOCTYPE html>\n<html><head><title>{escape(title)}</title></head><body>{escape(text)}</body></html>\n"
    return Answer(status=status, body=page.encode(), content_type=HTML)
