"""The matrix: every fault at every one of our requests, in every phase where it can strike, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from targets import wire

from faults import answers as say
from faults import table
from faults.fault import ENDGRATE, PLATFORM, TAO, TOKENS, UPLOADS, Deed, Endpoint, Fault, Moment
from orchestrator.errors import Busy, Denied, Misdirected, NotSent, Unclear
from orchestrator.model import Accepted

TOKEN, UPLOAD, POLL, RESULT = PLATFORM
Endpoints: TypeAlias = tuple[Endpoint, ...]
LARGE = 6 << 20
"""Characters of an upload that does not fit into the buffers between us and the server."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    endpoint: Endpoint
    fault: Fault
    outcome: type
    """What is raised, or the kind of what is returned."""
    requests: int
    """How many requests to the endpoint reach the server, at least with their head."""
    uploads: int
    """How many uploads reach it whole."""
    retry_after: float | None = None
    size: int = 0
    """Characters of the upload beyond its first row."""
    held: bool = False
    """Its last bytes are held back until all others have arrived."""

    def __str__(self) -> str:
        large = (", large" if self.size else "") + (", held back" if self.held else "")
        return f"{self.endpoint}{large}: {self.fault}"


def _cell(
    endpoint: Endpoint,
    fault: Fault,
    outcome: type,
    *,
    retry_after: float | None = None,
    size: int = 0,
    held: bool = False,
    uploads: int | None = None,
    repeats: int = 0,
) -> Cell:
    """A request reaches the server as often as a fault strikes it, and once more where it *repeats*."""
    unseen = fault.moment.is_before_the_head or fault.deed is Deed.REFUSE
    requests = 0 if unseen else fault.times + repeats
    if uploads is None:
        reads_whole = endpoint in UPLOADS and not fault.moment.is_before_the_end
        uploads = requests if reads_whole else int(endpoint in TOKENS and outcome is Accepted)
    return Cell(
        endpoint=endpoint,
        fault=fault,
        outcome=outcome,
        requests=requests,
        uploads=uploads,
        retry_after=retry_after,
        size=size,
        held=held,
    )


def moments(endpoint: Endpoint) -> list[Moment]:
    """Where something can go wrong: a read has no body, and no effect; the first request has no kept connection, nor
    has the store of results, to which there is a connection of its own for every address that it gives out."""
    without = {Moment.HEAD, Moment.FIRST, Moment.HALF, Moment.ALMOST, Moment.TAKEN}
    if endpoint in TOKENS:
        without = {Moment.KEPT, Moment.TAKEN}
    elif endpoint in UPLOADS:
        without = set()
    elif endpoint is Endpoint.TAO_STORE:
        without.add(Moment.KEPT)
    return [moment for moment in Moment if moment not in without]


def broken_off(endpoints: Endpoints) -> Iterator[Cell]:
    """No answer, or a part of one."""
    for endpoint in endpoints:
        yield _cell(endpoint, Fault(deed=Deed.REFUSE), table.UNREACHABLE[endpoint])
        for moment in moments(endpoint):
            for deed in (Deed.CLOSE, Deed.RESET, Deed.STALL):
                yield _cell(endpoint, Fault(moment=moment, deed=deed), table.BROKEN[endpoint])
            if moment not in (Moment.BETWEEN, Moment.CONTENT, Moment.LAST):
                yield _cell(endpoint, Fault(moment=moment, deed=Deed.BABBLE), table.BROKEN[endpoint])


def broken_off_while_large(endpoints: Endpoints) -> Iterator[Cell]:
    """What is still here when the connection ends is proof that the submission did not arrive whole.

    The second half fits into the buffers of the two systems, which acknowledge it even when nobody reads it.
    """
    for moment in (Moment.KEPT, Moment.HEAD, Moment.HALF, Moment.ALMOST):
        for deed in (Deed.CLOSE, Deed.RESET, Deed.STALL, Deed.BABBLE):
            fault = Fault(moment=moment, deed=deed)
            outcome = Unclear if moment in (Moment.HALF, Moment.ALMOST) else NotSent
            for endpoint in sorted(set(endpoints) & set(UPLOADS)):
                yield _cell(endpoint, fault, outcome, size=LARGE)
                if moment not in (Moment.HALF, Moment.KEPT):
                    yield _cell(endpoint, fault, outcome, size=LARGE, held=True)


def answered(endpoints: Endpoints) -> Iterator[Cell]:
    """A whole answer, or what pretends to be one."""
    rows = table.STATUSES + table.REDIRECTS + table.UNEXPECTED + table.FRAMING + table.NOT_HTTP + table.HEALTHY
    for row in rows:
        for endpoint in endpoints:
            yield _cell(endpoint, row.fault, row.outcomes[endpoint])


def dated(endpoints: Endpoints) -> Iterator[Cell]:
    """It says when to come again. A bearer token that can never be had is not asked for again."""
    for row in table.DATED:
        for endpoint in endpoints:
            outcome = row.outcomes[endpoint]
            after = None if outcome is Misdirected else 7.0
            yield _cell(endpoint, row.fault, outcome, retry_after=after)


def endless(endpoints: Endpoints) -> Iterator[Cell]:
    for fault in (*table.FLOODS, *table.DRIPS):
        for endpoint in endpoints:
            yield _cell(endpoint, fault, table.BROKEN[endpoint])


def early(endpoints: Endpoints) -> Iterator[Cell]:
    """The final answer comes before the upload was read: it counts, and sending ends.

    All but the last byte having arrived, that one is on its way, too.
    """
    for moment, size in ((Moment.HEAD, LARGE), (Moment.ALMOST, 0)):
        for answer, when_sent, before in table.EARLY:
            outcome = before if size else when_sent
            status = answer.split(b" ", 2)[1].decode() + (" and a token" if when_sent is Accepted else "")
            says_when = b"Retry-After" in answer
            what = status + (" and a page" if say.PAGE.encode() in answer else "") + (", Retry-After" * says_when)
            fault = Fault(moment=moment, what=what, says=answer)
            after = 7.0 if says_when else None
            for endpoint in sorted(set(endpoints) & set(UPLOADS)):
                if endpoint is UPLOAD or when_sent is not Accepted:  # the token is one of the Platform's
                    yield _cell(endpoint, fault, outcome, retry_after=after, size=size, uploads=0 if size else 1)


def busy(endpoints: Endpoints) -> Iterator[Cell]:
    """The remote asks for time. Without a word about how much, a 503 does not say whether it took the upload."""
    for status in (429, 503):
        for headers, seconds in table.RETRY_AFTER:
            said = headers[0].partition(" ")[2] if headers else "none"
            fault = Fault(what=f"{status}, Retry-After {said}", says=wire.answer(status, "", *headers))
            for endpoint in endpoints:
                is_unclear = endpoint in UPLOADS and status == 503 and seconds is None
                outcome = Unclear if is_unclear else Busy if endpoint in UPLOADS else NotSent
                yield _cell(endpoint, fault, outcome, retry_after=seconds)


def unauthorized(endpoints: Endpoints) -> Iterator[Cell]:
    """A spent bearer token is replaced once, and the request repeated: 401 says that it was not looked at.

    Of an upload that went out whole only the remote itself can say so. Endgrate's key is the same for ever, and the
    store of TAO's results wants none: nothing is repeated there.
    """
    for fault, proof in table.SPENT:
        for endpoint in endpoints:
            if endpoint in UPLOADS and proof is not Denied:
                yield _cell(endpoint, fault, proof)
            elif endpoint in TOKENS or endpoint.api == "endgrate":
                yield _cell(endpoint, fault, Denied)
            elif endpoint is Endpoint.TAO_STORE:
                yield _cell(endpoint, fault, NotSent)
            else:
                yield _cell(endpoint, fault, table.FINE[endpoint], repeats=1)
                yield _cell(endpoint, replace(fault, what=f"{fault.what}, twice", times=2), Denied)
        if not fault.closes:  # whose end might come before the client has read what was said
            early = replace(fault, moment=Moment.HEAD)
            for endpoint in sorted(set(endpoints) & {UPLOAD, Endpoint.TAO_UPLOAD}):
                yield _cell(endpoint, early, Accepted, size=LARGE, uploads=1, repeats=1)


def cells_of(endpoints: Endpoints) -> list[Cell]:
    parts = (broken_off, broken_off_while_large, answered, dated, endless, early, busy, unauthorized)
    return [cell for part in parts for cell in part(endpoints)]


CELLS = cells_of(PLATFORM)
CELLS_OF_OTHERS = cells_of(TAO + ENDGRATE)
