"""Requests to Endgrate: the key that opens it, its addresses, and whether a request may still leave."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from orchestrator.edges.answer import Answer
from orchestrator.edges.http import Http, Kind
from orchestrator.errors import LeftAlone
from orchestrator.ports import MayGo
from orchestrator.targets.outgoing import Outgoing


@dataclass(slots=True)
class Api:
    base_url: str
    api_key: str = field(repr=False)
    http: Http
    may_go: MayGo = lambda: True

    @property
    def spill(self) -> Path:
        return self.http.spill

    async def get(self, kind: Kind, path: str, **query: str) -> Answer:
        self._require_leave()
        return await self.http.call(kind, "GET", f"{self.base_url}{path}?{urlencode(query)}", headers=self._headers())

    async def post(self, kind: Kind, path: str, body: Outgoing, *, once: bool = False) -> Answer:
        self._require_leave()
        headers = {**self._headers(), "Content-Type": "application/json", "Content-Length": str(body.size)}
        return await self.http.call(
            kind, "POST", f"{self.base_url}{path}", headers=headers, data=body.open(), once=once
        )

    async def tell(self, kind: Kind, path: str, members: Mapping[str, Any]) -> Answer:
        """A POST of something small."""
        content = json.dumps(members, ensure_ascii=False).encode()
        return await self.post(kind, path, Outgoing(content, len(content)))

    def _headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.api_key}", "Accept": "application/json"}

    def _require_leave(self) -> None:
        if not self.may_go():
            raise LeftAlone("the remote wants to be left alone since just before it was asked")
