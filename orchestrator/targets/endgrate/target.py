"""Endgrate: records in a push transfer, its statistics, and what became of them.

A record with a key of our own is an upsert: sent twice it has the effect of sent once. One without is added again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import anyio.to_thread

from orchestrator.edges.answer import Answer
from orchestrator.edges.body import HOLD_FROM, Hold, releasing
from orchestrator.edges.http import Http, Kind
from orchestrator.errors import Refused
from orchestrator.model import Accepted, Completed, Failed, Job, Result, Token
from orchestrator.ports import Body, Clock, Ended, Fetched, Held, MayGo, Release, Running, Text, Trace
from orchestrator.targets.endgrate.answers import (
    DATA,
    ERRORS,
    NONE,
    Counts,
    counts_of,
    read,
    require_session,
    status_of,
    token_of,
)
from orchestrator.targets.endgrate.api import Api
from orchestrator.targets.endgrate.indexes import Indexes
from orchestrator.targets.endgrate.lines import Lines
from orchestrator.targets.endgrate.pages import pages
from orchestrator.targets.endgrate.records import REMEDY, request_of
from orchestrator.targets.endgrate.refusals import Refusals
from orchestrator.targets.fetched import fetched_of
from orchestrator.targets.outgoing import held, in_pieces
from orchestrator.validation import is_keyed

_LARGEST = 64 << 20
"""Bytes of CSV, as many as a part of a file may have: they are held in memory while they are sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndgrateConfig:
    id: str
    base_url: str
    session_id: str = field(repr=False)
    endgrate_type: str
    api_key: str = field(repr=False)
    key: str = ""
    """The column that holds our own key of each record, if there is one."""


@dataclass(slots=True)
class _Found:
    """What the results of one transfer have said, from the first of them to the verdict."""

    rows: Mapping[str, int] = field(default_factory=dict)
    """The number of each record that was sent, by its key: an error may name no more than that."""
    counts: Counts | None = None
    refused: int = 0
    has_others: bool = False

    @property
    def lost(self) -> int:
        return self.counts.lost if self.counts else 0

    @property
    def indexes(self) -> Indexes:
        """Of statistics that count other records than were sent nobody knows what an index beside them means."""
        if self.counts is None:
            return Indexes()
        fits = not self.rows or len(self.rows) == self.counts.told
        return Indexes(self.counts.told if fits else 0, batch=self.counts.batch)


class Endgrate:
    looks_up = False
    method = "EXPORT"
    """What the remote calls a transfer in this direction."""

    def __init__(self, config: EndgrateConfig, http: Http, clock: Clock) -> None:
        self._config = config
        self._api = Api(config.base_url, config.api_key, http)
        self._clock = clock
        self._found: dict[Token, _Found] = {}

    @property
    def id(self) -> str:
        return self._config.id

    def heed(self, may_go: MayGo) -> None:
        self._api.may_go = may_go

    async def sign_in(self) -> None:
        """The key is all that it takes."""

    async def probe(self) -> None:
        """Asks whether the session is configured. Raises Misdirected when it is not, or not any more."""
        answer = await self._api.get(Kind.POLL, "/api/session/configuration", session_id=self._config.session_id)
        require_session(answer, "session")
        read(answer, "session")

    def finds_again(self, job: Job) -> bool:
        """Every record has a key of ours: the check of the file has seen to it, and the ledger has it in writing."""
        return job.checked is not None and is_keyed(job.checked.data.schema, self._config.key)

    def holds_back(self, job: Job, body: Body, *, overwrite: bool) -> bool:
        """Where a repeat would do no harm, or the body leaves in a moment, holding back gains nothing."""
        return not self._may_repeat(job) and _likely_size(body.data) > HOLD_FROM

    async def submit(self, job: Job, body: Body, *, overwrite: bool, release: Release | None = None) -> Accepted:
        hold = Hold() if release is not None else None
        text = await _held(body.data)
        try:
            pieces, rows = await anyio.to_thread.run_sync(self._content, text)
        except ValueError as error:
            raise Refused(f"not sent: {error}") from None
        upload = in_pieces(pieces, hold)
        once = not self._may_repeat(job)

        async def send() -> Answer:
            return await self._api.post(Kind.UPLOAD, "/api/push/transfer", upload, once=once)

        token = token_of(await (send() if hold is None or release is None else releasing(hold, release, send)))
        self._found[token] = _Found(rows=rows)
        return Accepted(token, self._clock.now().timestamp())

    async def recall(self, job: Job) -> Trace:
        return Trace.REPEATABLE if self._may_repeat(job) else Trace.UNKNOWN

    async def check(self, token: Token) -> Running | Ended:
        return status_of(await self._ask(Kind.POLL, token))

    def has_forgotten(self, job: Job) -> bool:
        return self.finds_again(job) and job.token not in self._found

    async def recollect(self, job: Job, body: Body) -> None:
        """An error may name a record by its key alone."""
        assert job.token is not None
        _, rows = await anyio.to_thread.run_sync(self._content, await _held(body.data))
        self._found[job.token] = _Found(rows=rows)

    async def fetch(self, token: Token, key: str) -> Fetched:
        found = self._found.setdefault(token, _Found())
        if key == ERRORS:
            return await self._fetch_errors(token, found)
        if key == DATA:
            return await self._fetch_data(token, found)
        answer = await self._ask(Kind.POLL, token)
        found.counts = counts_of(read(answer, key))
        return fetched_of(key, answer)

    def conclude(self, job: Job, ended: Ended, results: Sequence[Result]) -> Completed | Failed:
        """Success is when every batch succeeded and nothing is said to be wrong, with any record or at all."""
        found = self._found.pop(job.token, _Found()) if job.token else _Found()
        sent = job.checked.data.rows - job.checked.data.bad if job.checked else 0
        told = found.counts.told if found.counts else sent
        if ended.word == NONE or (told == sent and found.refused >= sent > 0):
            return Failed("the remote took none of the records; see its errors under results/", tuple(results))
        if not found.refused and (found.has_others or not ended.success):
            cause = "the remote says that there were errors, and not with which records; see results/"
            return Failed(cause, tuple(results))
        return Completed(tuple(results))

    def _may_repeat(self, job: Job) -> bool:
        return self.finds_again(job)

    def _content(self, text: bytes) -> tuple[list[bytes], Mapping[str, int]]:
        config = self._config
        members = {"session_id": config.session_id, "endgrate_type": config.endgrate_type}
        return request_of(text, config.key, members)

    async def _ask(self, kind: Kind, token: Token) -> Answer:
        return await self._api.get(kind, "/api/statistics", method=self.method, transfer_id=token)

    async def _fetch_errors(self, token: Token, found: _Found) -> Fetched:
        refusals, is_cut = Refusals(found.rows, found.indexes), False
        async with Lines(self._api.spill) as lines:
            async for page in pages(self._api, "/api/errors", ERRORS, {"transfer_id": token}):
                refusals.add(page.items)
                await lines.add(page.items)
                is_cut |= page.is_cut
            found.refused = max(refusals.count, found.lost)
            found.has_others = refusals.has_others or is_cut
            unnamed = found.refused - refusals.count
            remarks = [refusals.remark, f"of {unnamed} of these it does not say which" if unnamed else ""]
            return replace(
                lines.fetched(ERRORS),
                refused=found.refused,
                rows=refusals.rows,
                objections=refusals.objections,
                told=found.counts.told if found.counts else None,
                keyed=bool(found.rows),
                leaves_open=found.has_others and found.refused > 0 and not unnamed,
                remark="; ".join(filter(None, remarks)),
            )

    async def _fetch_data(self, token: Token, found: _Found) -> Fetched:
        async with Lines(self._api.spill) as lines:
            of = {"endgrate_type": self._config.endgrate_type, "transfer_id": token}
            async for page in pages(self._api, "/api/push/data", "transfer_data", of):
                await lines.add(page.items)
                found.has_others |= page.has_errors or page.is_cut
            return lines.fetched(DATA)


def _likely_size(part: Text) -> int:
    """Bytes of it as records, which all have the names of the columns."""
    if not isinstance(part, Held):
        return part.size
    rows = part.text.count("\n")
    return len(part.text.encode()) + rows * part.text.find("\n")


async def _held(part: Text) -> bytes:
    """Raises SourceChanged as `held` does; nothing of it was sent by then."""
    if not isinstance(part, Held) and part.size > _LARGEST:
        raise Refused(f"not sent: so many bytes do not fit into one request. {REMEDY}")
    return await held(part)
