"""The other direction: a transfer that brings records in. It sends no file, and changes nothing at the provider."""

from __future__ import annotations

import json

from orchestrator.edges.http import Http, Kind
from orchestrator.model import Accepted, Job, Token
from orchestrator.ports import Body, Clock, Release, Trace
from orchestrator.targets.endgrate.answers import ERRORS, STATISTICS, Counts, counts_of, read, token_of
from orchestrator.targets.endgrate.pages import Page, page_at
from orchestrator.targets.endgrate.target import Endgrate, EndgrateConfig
from orchestrator.targets.outgoing import Outgoing

ALL = "all there is"
NEW = "what is new"
"""What a pull gives: the second is used up by giving it."""


class EndgratePull(Endgrate):
    method = "IMPORT"

    def __init__(self, config: EndgrateConfig, http: Http, clock: Clock, *, sync: bool) -> None:
        super().__init__(config, http, clock)
        self.gives = NEW if sync else ALL

    def holds_back(self, job: Job, body: Body, *, overwrite: bool) -> bool:
        return False

    async def submit(self, job: Job, body: Body, *, overwrite: bool, release: Release | None = None) -> Accepted:
        members = {"session_id": self._config.session_id, "endgrate_type": self._config.endgrate_type}
        content = json.dumps(members).encode()
        once = not self._may_repeat(job)
        answer = await self._api.post(Kind.UPLOAD, "/api/pull/transfer", Outgoing(content, len(content)), once=once)
        return Accepted(token_of(answer, "pull"), self._clock.now().timestamp())

    async def recall(self, job: Job) -> Trace:
        """A second transfer of all there is does no harm; one of what is new would find that the first has had it."""
        return Trace.REPEATABLE if self._may_repeat(job) else Trace.UNKNOWN

    async def counts(self, token: Token) -> Counts:
        return counts_of(read(await self._ask(Kind.POLL, token), STATISTICS))

    async def records(self, token: Token, offset: int) -> Page:
        query = {"endgrate_type": self._config.endgrate_type, "transfer_id": token}
        return await page_at(self._api, "/api/pull/data", "transfer_data", query, offset)

    async def errors(self, token: Token, offset: int) -> Page:
        return await page_at(self._api, "/api/errors", ERRORS, {"transfer_id": token}, offset)

    def _may_repeat(self, job: Job) -> bool:
        return self.gives == ALL and job.checked is not None and job.checked.data.schema == ALL
