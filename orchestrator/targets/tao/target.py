"""TAO: a CSV file in a form, a referenceId for it, a status by that, and a result for every row.

There is no key and no way to ask for what arrived, so what may be sent again hangs on what is in the file: an import
of users, groups, links or organizations with ids finds its rows by their keys, one of sessions makes new ones each
time.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal
from urllib.parse import quote

import anyio.to_thread

from orchestrator.edges.answer import Answer
from orchestrator.edges.body import HOLD_FROM, Hold
from orchestrator.edges.http import Http, Kind
from orchestrator.edges.multipart import Form
from orchestrator.edges.oauth import ClientCredentials, authorized, require_leave
from orchestrator.errors import Misdirected, Missing, NotSent, Nowhere, Unclear, Unreachable
from orchestrator.model import Accepted, Completed, Failed, Job, Result, Token
from orchestrator.ports import Body, Clock, Ended, Fetched, MayGo, Release, Running, Trace
from orchestrator.targets.fetched import fetched_of
from orchestrator.targets.outgoing import held, submitted
from orchestrator.targets.probed import require_well
from orchestrator.targets.taken import denies, refuses
from orchestrator.targets.tao.answers import (
    NO_ACCESS,
    RESULT,
    STATUS,
    require_read,
    signed_url_of,
    status_of,
    token_of,
)
from orchestrator.targets.tao.form import size_of, upload_of
from orchestrator.targets.tao.placing import nameless, placed
from orchestrator.targets.tao.rows import RowResults, read_rows
from orchestrator.targets.tao.store import Stores

_UPSERTS = frozenset({"tao.users", "tao.groups", "tao.organizations", "tao.links.existing_user", "tao.links.new_user"})
"""Kinds of file whose rows are found again by their keys. An organization without an id is a new one each time."""
_LARGEST = 64 << 20
"""Bytes of what was sent that are held to look for rows in it."""
_NOT_TRACKED = "not tracked: the remote took it, and offers no status"
_NOT_TOLD = "not told row by row: the remote processed it, and offers no results that say which rows it took"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaoConfig:
    id: str
    base_url: str
    upload_path: str
    status_path: str
    """With {id}; empty where the remote has no such endpoint, and then whatever was taken is done."""
    download_path: str
    resend: Literal["upserts", "always", "never"] = "upserts"
    result_hosts: tuple[str, ...] = ()
    """Where the results may lie, as `Stores` has it."""


class Tao:
    looks_up = False

    def __init__(self, config: TaoConfig, http: Http, credentials: ClientCredentials, clock: Clock) -> None:
        self._config = config
        self._stores = Stores(config.base_url, config.result_hosts)
        self._http = http
        self._credentials = credentials
        self._clock = clock
        self._may_go: MayGo = lambda: True
        self._unplaced: dict[Token, Fetched] = {}
        """Results that refuse rows, until it was looked at which of those that were sent they are."""

    @property
    def id(self) -> str:
        return self._config.id

    def heed(self, may_go: MayGo) -> None:
        self._may_go = may_go

    async def sign_in(self) -> None:
        """Raises Denied, Misdirected or NotSent when no token can be had."""
        await self._credentials.token()

    async def probe(self) -> None:
        """Asks for a job that nobody has; where there is no such question, looks at the upload endpoint."""
        if self._config.status_path:
            try:
                await self.check(Token(str(uuid.uuid4())))
            except Missing:
                return
        else:
            url = self._config.base_url + self._config.upload_path
            require_well(await self._get(Kind.POLL, url), url, denied=NO_ACCESS, remedy="Check target.upload_path.")

    async def require_paths(self) -> None:
        """Asks where a status and the results lie, for a job that nobody has. Raises Misdirected where none do.

        The remote's own no names the job, or objects to one that cannot be; any server can say that there is no page.
        """
        nobody, nonsense = Token(str(uuid.uuid4())), Token("none")
        for key, path in ((STATUS, self._config.status_path), (RESULT, self._config.download_path)):
            if not path:
                continue
            try:
                require_read(await self._ask(Kind.POLL, path, nobody), key, nobody)
            except Nowhere as error:
                if not refuses(await self._ask(Kind.POLL, path, nonsense)):
                    raise Misdirected(f"{error}. What is no referenceId gets no other answer") from None
            except Missing:
                continue

    def finds_again(self, job: Job) -> bool:
        return job.checked is not None and job.checked.data.schema in _UPSERTS

    def holds_back(self, job: Job, body: Body, *, overwrite: bool) -> bool:
        """Where a repeat would do no harm, or the body leaves in a moment, holding back gains nothing."""
        return not self._may_repeat(job) and size_of(body.data) > HOLD_FROM

    async def submit(self, job: Job, body: Body, *, overwrite: bool, release: Release | None = None) -> Accepted:
        hold = Hold() if release is not None else None
        form = Form()
        upload = upload_of(form, job.name, body.data, hold)
        url = self._config.base_url + self._config.upload_path
        once = not self._may_repeat(job)

        async def exchange(authorization: Mapping[str, str]) -> Answer:
            headers = {**authorization, "Content-Type": form.content_type, "Content-Length": str(upload.size)}
            return await self._http.call(Kind.UPLOAD, "POST", url, headers=headers, data=upload.open(), once=once)

        async def send() -> Answer:
            return await authorized(self._credentials, exchange, self._may_go, denies)

        token = await submitted(upload, hold, release, send, token_of)
        return Accepted(token, self._clock.now().timestamp())

    async def recall(self, job: Job) -> Trace:
        return Trace.REPEATABLE if self._may_repeat(job) else Trace.UNKNOWN

    async def check(self, token: Token) -> Running | Ended:
        if not self._config.status_path:
            return Ended(success=True, word="", results=(), by_row=False)
        status = status_of(await self._ask(Kind.POLL, self._config.status_path, token), token)
        if isinstance(status, Ended) and not self._config.download_path:
            return replace(status, results=(STATUS,), by_row=False)
        return status

    def has_forgotten(self, job: Job) -> bool:
        """Only its text tells whether rows stand in the result where they were sent; most results refuse none."""
        return job.token in self._unplaced

    async def recollect(self, job: Job, body: Body) -> None:
        assert job.token is not None
        if size_of(body.data) <= _LARGEST:
            sent = (await held(body.data)).decode()
            fetched = self._unplaced[job.token]
            told, own = partial(_opened, fetched), partial(io.StringIO, sent, newline="")
            self._unplaced[job.token] = await anyio.to_thread.run_sync(placed, fetched, told, own)

    async def fetch(self, token: Token, key: str) -> Fetched:
        if key == RESULT:
            if (fetched := self._unplaced.pop(token, None)) is not None:
                return nameless(fetched) if fetched.unplaced else fetched
            return await self._fetch_rows(token)
        answer = await self._ask(Kind.RESULT, self._config.status_path, token)
        status_of(answer, token)
        return fetched_of(key, answer)

    def conclude(self, job: Job, ended: Ended, results: Sequence[Result]) -> Completed | Failed:
        if not ended.success:
            return Failed(f"the remote says: {ended.word}; see its messages under results/", tuple(results))
        untold = _NOT_TOLD if self._config.status_path else _NOT_TRACKED
        return Completed(tuple(results), cause="" if ended.by_row else untold)

    def _may_repeat(self, job: Job) -> bool:
        match self._config.resend:
            case "always":
                return True
            case "never":
                return False
            case "upserts":
                return self.finds_again(job)

    async def _fetch_rows(self, token: Token) -> Fetched:
        """From a store that needs no credentials of ours, and must not get them."""
        address = signed_url_of(await self._ask(Kind.RESULT, self._config.download_path, token), token)
        where = f"{RESULT}: GET of the signed address"
        require_leave(self._may_go)
        try:
            at = await self._stores.way_to(address)
            answer = await self._http.call(Kind.RESULT, "GET", address, headers={}, where=where, at=at)
        except (Unreachable, Misdirected) as error:
            problem = str(error)  # of this address, which the remote wrote: it says nothing of the remote itself
        else:
            problem = ""
        if problem:
            raise Unclear(problem)
        if answer.status != 200:  # it is valid for some minutes only: the next try gets a new one
            raise NotSent(f"{where}: the store answered {answer.status}", retry_after=answer.retry_after)
        require_read(answer, RESULT, token)
        if answer.spilled is None and not answer.text.strip():  # the columns of the file stand in it at least
            raise Unclear(f"{where}: it is empty", retry_after=answer.retry_after)
        found = fetched_of(RESULT, answer)
        rows = await anyio.to_thread.run_sync(_read, found)
        if rows is None:
            raise Unclear(f"{where}: the answer is no table of rows", retry_after=answer.retry_after)
        remark = f"of {rows.unknown} rows the remote's results say neither yes nor no" if rows.unknown else ""
        found = replace(
            found,
            refused=rows.refused,
            rows=rows.rows,
            unknown=rows.unknown,
            objections=rows.objections,
            told=rows.told,
            unplaced=rows.refused > 0,
            remark=remark,
        )
        if found.unplaced:
            self._unplaced[token] = found
        return found

    async def _ask(self, kind: Kind, path: str, token: Token) -> Answer:
        return await self._get(kind, self._config.base_url + path.replace("{id}", quote(token, safe="")))

    async def _get(self, kind: Kind, url: str) -> Answer:
        async def exchange(authorization: Mapping[str, str]) -> Answer:
            return await self._http.call(kind, "GET", url, headers=authorization)

        return await authorized(self._credentials, exchange, self._may_go)


def _read(fetched: Fetched) -> RowResults | None:
    with _opened(fetched) as lines:
        return read_rows(lines)


def _opened(fetched: Fetched) -> io.TextIOBase:
    if fetched.spilled is None:
        return io.StringIO((fetched.body or b"").decode("utf-8-sig", "replace"), newline="")
    return open(fetched.spilled, encoding="utf-8-sig", errors="replace", newline="")
