"""How TAO says no: the same message in one of three styles."""

from __future__ import annotations

import json

from orchestrator.sandbox.answer import TEXT, Answer, refusal
from orchestrator.sandbox.knobs import TaoKnobs


class Refusals:
    def __init__(self, knobs: TaoKnobs) -> None:
        self._style = knobs.errors

    def make(self, status: int, message: str, *, note: str, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
        if self._style == "message":
            return refusal(status, message, note=note, headers=headers)
        if self._style == "plain":
            return Answer(status=status, body=message.encode(), content_type=TEXT, headers=headers, note=note)
        body = json.dumps({"error": {"message": message}}).encode()
        return Answer(status=status, body=body, headers=headers, note=note)
