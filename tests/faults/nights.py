"""One fault in a night of the whole pipeline, and what is left of it: in that night, and after the next.

What an upload's lost answer leads to depends on the class of delivery: where sending again replaces what may be
there (at the Platform where its names are ours alone, `sole_writer`) that is done; else nobody can tell, and a person
decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from targets.wire import answer, as_json, head

from faults import answers as say
from faults.consignments import OWN_ROSTER, ROSTER, Consignment
from faults.fault import PLATFORM, Deed, Endpoint, Fault, Moment
from orchestrator.exits import Exit

TOKEN, UPLOAD, POLL, RESULT = PLATFORM


@dataclass(frozen=True, kw_only=True)
class Night:
    endpoint: Endpoint
    fault: Fault
    consignment: Consignment = ROSTER
    size: int = 0
    """Characters of the file beyond its first row."""
    state: str = "done"
    """Of the file, when the night with the fault is over; empty where the ledger has not heard of it."""
    exit: Exit = Exit.OK
    whole: int = 1
    """Whole uploads that have reached the server by then."""
    taken: int = 1
    """Those of them that took effect."""
    finally_: str = "done"
    """The state after a second night, with a healthy server, and a person's verdict where one is needed."""

    def __str__(self) -> str:
        of = f", {self.consignment}" if self.consignment is not ROSTER else ""
        return f"{self.endpoint}: {self.fault}{of}{', large' if self.size else ''}"

    @property
    def follows(self) -> int:
        """How many requests a healthy night makes before."""
        return self.consignment.requests.index(self.endpoint)


SPENT = answer(401)
BUSY = answer(429, "", "Retry-After: 7")
BACK_SOON = answer(503, "", "Retry-After: 7")


def broken(moment: Moment, deed: Deed) -> Fault:
    return Fault(moment=moment, deed=deed)


def answered(what: str, says: bytes, *, moment: Moment = Moment.WHOLE, times: int = 1, closes: bool = False) -> Fault:
    return Fault(what=what, says=says, moment=moment, times=times, closes=closes)


REPEATED = {
    # Trouble that another try of the same night gets over, without a doubt about anything.
    TOKEN: (
        broken(Moment.CONNECTED, Deed.CLOSE),
        broken(Moment.WHOLE, Deed.RESET),
        broken(Moment.WHOLE, Deed.STALL),
        broken(Moment.CONTENT, Deed.CLOSE),
        broken(Moment.HEADERS, Deed.BABBLE),
        answered("500", say.page(500)),
        answered("429", BUSY),
        answered("503", say.page(503)),
    ),
    UPLOAD: (
        answered("429", BUSY),
        answered("503", BACK_SOON),
        answered("425", answer(425)),
        answered("401", SPENT),
    ),
    POLL: (
        broken(Moment.KEPT, Deed.CLOSE),
        broken(Moment.WHOLE, Deed.RESET),
        broken(Moment.WHOLE, Deed.STALL),
        broken(Moment.LAST, Deed.CLOSE),
        answered("500", say.page(500)),
        answered("429", BUSY),
        answered("404", answer(404)),
        answered("404 and a page", say.page(404)),
        answered("401", SPENT),
        answered("401 and a page", say.page(401)),
        answered("302", say.redirect(302)),
        answered("a page", say.page(200)),
        answered("a word nobody knows", answer(200, "reticulating")),
        answered("nothing", answer(200)),
    ),
    RESULT: (
        broken(Moment.KEPT, Deed.RESET),
        broken(Moment.WHOLE, Deed.STALL),
        broken(Moment.CONTENT, Deed.CLOSE),
        broken(Moment.LAST, Deed.RESET),
        answered("500", say.page(500)),
        answered("409", as_json({"message": "processing not complete"}, 409)),
        answered("a page", say.page(200)),
        answered("a page called text", answer(200, say.PAGE)),
        answered("400 and a page", say.page(400)),
        answered("400, unframed", head(400) + b"no", closes=True),
        answered("a bomb", say.bomb(b"")),
        answered("302", say.redirect(302)),
    ),
}

LOST = (
    # The answer to an upload is lost. Did the server read it whole, and did it take effect?
    (broken(Moment.CONNECTED, Deed.RESET), 0, 0),
    (broken(Moment.KEPT, Deed.CLOSE), 0, 0),
    (broken(Moment.HALF, Deed.RESET), 0, 0),
    (broken(Moment.ALMOST, Deed.STALL), 0, 0),
    (broken(Moment.WHOLE, Deed.CLOSE), 1, 0),
    (broken(Moment.TAKEN, Deed.CLOSE), 1, 1),
    (broken(Moment.TAKEN, Deed.RESET), 1, 1),
    (broken(Moment.TAKEN, Deed.STALL), 1, 1),
    (broken(Moment.HEADERS, Deed.BABBLE), 1, 1),
    (broken(Moment.LAST, Deed.CLOSE), 1, 1),
    (answered("500", say.page(500)), 1, 0),
    (answered("500", say.page(500), moment=Moment.TAKEN), 1, 1),
    (answered("503", say.page(503), moment=Moment.TAKEN), 1, 1),
    (answered("504", say.page(504), moment=Moment.TAKEN), 1, 1),
    (answered("a page", say.page(200)), 1, 0),
    (answered("202 and nothing", answer(202), moment=Moment.TAKEN), 1, 1),
    (answered("307", say.redirect(307)), 1, 0),
    (answered("half a token, unframed", head(202) + b"0f8fad5b", moment=Moment.TAKEN, closes=True), 1, 1),
    (answered("408", say.page(408)), 1, 0),
    (answered("401 and a page", say.page(401), moment=Moment.TAKEN), 1, 1),
    (answered("401, unframed", head(401) + b"no", moment=Moment.TAKEN, closes=True), 1, 1),
    (answered("404 and a page", say.page(404), moment=Moment.TAKEN), 1, 1),
    (answered("409 and a page", say.page(409)), 1, 0),
    (answered("429 and a page", say.page(429), moment=Moment.TAKEN), 1, 1),
    (answered("403, zipped", answer(403, b"\x1f\x8b", "Content-Encoding: gzip"), moment=Moment.TAKEN), 1, 1),
)

STOPPED = (
    # Trouble that concerns every file: the run ends, and the next goes on where it stopped.
    (TOKEN, broken(Moment.WHOLE, Deed.REFUSE), "ready", Exit.UNFINISHED),
    (TOKEN, answered("invalid_client", as_json({"error": "invalid_client"}, 400)), "", Exit.DENIED),
    (TOKEN, answered("404", say.page(404)), "", Exit.USAGE),
    (UPLOAD, broken(Moment.WHOLE, Deed.REFUSE), "ready", Exit.UNFINISHED),
    (UPLOAD, answered("401 twice", SPENT, times=2), "ready", Exit.DENIED),
    (UPLOAD, answered("403", answer(403)), "ready", Exit.DENIED),
    (UPLOAD, answered("404", answer(404)), "ready", Exit.USAGE),
    (UPLOAD, answered("415", answer(415)), "ready", Exit.USAGE),
    (POLL, broken(Moment.WHOLE, Deed.REFUSE), "waiting", Exit.UNFINISHED),
    (POLL, answered("403", say.page(403)), "waiting", Exit.DENIED),
    (POLL, answered("405", say.page(405)), "waiting", Exit.USAGE),
    (RESULT, answered("401 twice", SPENT, times=2), "waiting", Exit.DENIED),
    (RESULT, answered("404", answer(404)), "waiting", Exit.UNFINISHED),
)

REFUSED = tuple(answered(str(status), answer(status)) for status in (400, 409, 413, 422))


def all_nights() -> Iterator[Night]:
    for endpoint, faults in REPEATED.items():
        for fault in faults:
            yield Night(endpoint=endpoint, fault=fault, whole=1 + (endpoint is UPLOAD))
    for fault, whole, taken in LOST:
        if fault.moment is not Moment.KEPT:  # what may not be repeated does not go out on a kept connection
            yield Night(endpoint=UPLOAD, fault=fault, state="in_doubt", exit=Exit.IN_DOUBT, whole=whole, taken=taken)
        yield Night(endpoint=UPLOAD, fault=fault, consignment=OWN_ROSTER, whole=whole + 1, taken=taken + 1)
    for endpoint, fault, state, code in STOPPED:
        is_taken = state == "waiting"
        seen = fault.times if endpoint is UPLOAD and fault.deed is not Deed.REFUSE else int(is_taken)
        yield Night(endpoint=endpoint, fault=fault, state=state, exit=code, whole=seen, taken=int(is_taken))
    for fault in REFUSED:
        yield Night(endpoint=UPLOAD, fault=fault, state="failed", exit=Exit.REJECTS, taken=0, finally_="failed")


NIGHTS = list(all_nights())
