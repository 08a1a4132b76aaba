"""The same nights at TAO and at Endgrate: rows that are found again by their keys, and rows that are only added.

What is found again is sent again after a lost answer, and stands there once; what is added is left to a person.
"""

from __future__ import annotations

from collections.abc import Iterator

from targets.remote import UUID
from targets.wire import answer, as_json, head

from faults import answers as say
from faults.cells import LARGE
from faults.consignments import KEYED_RECORDS, ORGANIZATIONS, OTHERS, RECORDS, SESSIONS, USERS, USERS_ONCE, Consignment
from faults.fault import ENDGRATE, TAO, UPLOADS, Deed, Endpoint, Fault, Moment
from faults.nights import BACK_SOON, BUSY, SPENT, Night, answered, broken
from orchestrator.exits import Exit

TAO_TOKEN, TAO_UPLOAD, TAO_STATUS, TAO_ADDRESS, TAO_STORE = TAO
PUSH, STATISTICS, ERRORS, PAGE = ENDGRATE
FIRST_PAGE = Endpoint.FIRST_PAGE

NOT_TODAY = answer(503, "", "Retry-After: 3600")
UNKNOWN_JOB = answer(404, f'Status for referenceId "{UUID}" was not found.')
NOT_YET = as_json({"success": False, "message": "Transfer is not yet completed"}, 400)
NO_SESSION = as_json({"success": False, "message": "Invalid or expired session"}, 404)
UNCONFIGURED = as_json({"success": False, "message": "Session is not yet configured"})
NO_SUCCESS = as_json({"success": False, "message": "no"})

LOST = (
    # The answer to an upload is lost. Did the server read it whole, and did it take effect?
    (broken(Moment.CONNECTED, Deed.RESET), 0, 0),
    (broken(Moment.KEPT, Deed.CLOSE), 0, 0),
    (broken(Moment.ALMOST, Deed.CLOSE), 0, 0),
    (broken(Moment.WHOLE, Deed.CLOSE), 1, 0),
    (broken(Moment.TAKEN, Deed.CLOSE), 1, 1),
    (broken(Moment.TAKEN, Deed.RESET), 1, 1),
    (broken(Moment.TAKEN, Deed.STALL), 1, 1),
    (broken(Moment.LAST, Deed.CLOSE), 1, 1),
    (answered("500", say.page(500)), 1, 0),
    (answered("500", answer(500), moment=Moment.TAKEN), 1, 1),
    (answered("502", say.page(502), moment=Moment.TAKEN), 1, 1),
    (answered("503", say.page(503), moment=Moment.TAKEN), 1, 1),
    (answered("504", say.page(504), moment=Moment.TAKEN), 1, 1),
    (answered("a page", say.page(200), moment=Moment.TAKEN), 1, 1),
    (answered("a success without a token", as_json({"success": True, "result": {}}), moment=Moment.TAKEN), 1, 1),
    (answered("401 and a page", say.page(401), moment=Moment.TAKEN), 1, 1),
    (answered("404 and a page", say.page(404), moment=Moment.TAKEN), 1, 1),
    (answered("half of it", head(200, "Content-Length: 99") + b'{"su', moment=Moment.TAKEN, closes=True), 1, 1),
)
FEW = {Moment.ALMOST, Moment.LAST}
"""Of what is sent as sessions are: new organizations, which their columns tell, and what the settings forbid."""

NOT_ARRIVED = (broken(Moment.HEAD, Deed.CLOSE), broken(Moment.HEAD, Deed.RESET), broken(Moment.HEAD, Deed.STALL))
"""Of a large file: its last bytes are still here."""

REPEATED = {
    # Trouble that another try of the same night gets over, without a doubt about anything.
    TAO_TOKEN: (
        broken(Moment.CONNECTED, Deed.CLOSE),
        broken(Moment.WHOLE, Deed.STALL),
        broken(Moment.CONTENT, Deed.CLOSE),
        answered("500", say.page(500)),
        answered("429", BUSY),
    ),
    TAO_UPLOAD: (
        answered("429", BUSY),
        answered("503", BACK_SOON),
        answered("401", SPENT),
    ),
    TAO_STATUS: (
        broken(Moment.KEPT, Deed.CLOSE),
        broken(Moment.WHOLE, Deed.STALL),
        broken(Moment.LAST, Deed.RESET),
        answered("500", say.page(500)),
        answered("503", BACK_SOON),
        answered("401", SPENT),
        answered("404, of its job", UNKNOWN_JOB),
        answered("404", answer(404)),
        answered("a page", say.page(200)),
        answered("a word nobody knows", as_json({"result": {"status": "reticulating"}})),
    ),
    TAO_ADDRESS: (
        broken(Moment.CONTENT, Deed.CLOSE),
        answered("401", SPENT),
        answered("an address that is none", as_json({"signedUrl": "nowhere"})),
    ),
    TAO_STORE: (
        broken(Moment.CONNECTED, Deed.CLOSE),
        broken(Moment.CONTENT, Deed.CLOSE),
        answered("403", say.page(403)),
        answered("404", answer(404)),
        answered("nothing", answer(200)),
        answered("a page", say.page(200)),
    ),
    PUSH: (
        answered("429", BUSY),
        answered("503", BACK_SOON),
    ),
    STATISTICS: (
        broken(Moment.KEPT, Deed.CLOSE),
        broken(Moment.WHOLE, Deed.STALL),
        broken(Moment.LAST, Deed.RESET),
        answered("500", say.page(500)),
        answered("429", BUSY),
        answered("404", answer(404)),
        answered("a page", say.page(200)),
        answered("not yet", NOT_YET),
        answered("an end without counts", as_json({"completed": True})),
    ),
    ERRORS: (
        broken(Moment.CONTENT, Deed.CLOSE),
        answered("500", say.page(500)),
        answered("no list", as_json({"success": True})),
    ),
    FIRST_PAGE: (answered("a page", say.page(200)),),
    PAGE: (
        broken(Moment.WHOLE, Deed.RESET),
        broken(Moment.LAST, Deed.CLOSE),
        answered("500", say.page(500)),
    ),
}

STOPPED = (
    # Trouble that concerns every file: the run ends, and the next goes on where it stopped.
    (TAO_TOKEN, broken(Moment.WHOLE, Deed.REFUSE), "ready", Exit.UNFINISHED),
    (TAO_TOKEN, answered("invalid_client", as_json({"error": "invalid_client"}, 400)), "", Exit.DENIED),
    (TAO_UPLOAD, broken(Moment.WHOLE, Deed.REFUSE), "ready", Exit.UNFINISHED),
    (TAO_UPLOAD, answered("401 twice", SPENT, times=2), "ready", Exit.DENIED),
    (TAO_UPLOAD, answered("403", answer(403)), "ready", Exit.DENIED),
    (TAO_UPLOAD, answered("404", answer(404)), "ready", Exit.USAGE),
    (TAO_UPLOAD, answered("503 for an hour", NOT_TODAY), "ready", Exit.UNFINISHED),
    (TAO_STATUS, broken(Moment.WHOLE, Deed.REFUSE), "waiting", Exit.UNFINISHED),
    (TAO_STATUS, answered("403", answer(403)), "waiting", Exit.DENIED),
    (TAO_STATUS, answered("405", answer(405)), "waiting", Exit.USAGE),
    (TAO_ADDRESS, answered("404, of its job", UNKNOWN_JOB), "waiting", Exit.UNFINISHED),
    (PUSH, broken(Moment.WHOLE, Deed.REFUSE), "ready", Exit.UNFINISHED),
    (PUSH, answered("401", SPENT), "ready", Exit.DENIED),
    (PUSH, answered("404", answer(404)), "ready", Exit.USAGE),
    (PUSH, answered("503 for an hour", NOT_TODAY), "ready", Exit.UNFINISHED),
    (PUSH, answered("404, of its session", NO_SESSION), "ready", Exit.USAGE),
    (PUSH, answered("that nobody configured the session", UNCONFIGURED), "ready", Exit.USAGE),
    (STATISTICS, broken(Moment.WHOLE, Deed.REFUSE), "waiting", Exit.UNFINISHED),
    (STATISTICS, answered("401", SPENT), "waiting", Exit.DENIED),
    (ERRORS, answered("404", answer(404)), "waiting", Exit.UNFINISHED),
    (PAGE, answered("403", answer(403)), "waiting", Exit.DENIED),
)

REFUSED = {
    TAO_UPLOAD: (answered("400", answer(400, "CSV file is empty")), answered("413", answer(413))),
    PUSH: (answered("422", answer(422)), answered("no success", NO_SUCCESS)),
}

NONSENSE = answered("a page, three times", say.page(200), moment=Moment.TAKEN, times=3)
"""Whoever answers so is not the API, and the run says so; what it took by then was found again each time."""


REFUSED_AGAIN = Fault(
    what="500, and 400 to its repeat",
    says=lambda content: say.page(500) if UUID.encode() in content else answer(400),
    moment=Moment.TAKEN,
    times=2,
)
"""No to the repeat says nothing about the attempt before it."""


def lost(consignment: Consignment) -> Iterator[Night]:
    """Of these only users go out on a connection that was kept: at Endgrate nothing was asked before the upload."""
    endpoint = upload_of(consignment)
    for fault, whole, taken in LOST:
        if fault.moment is Moment.KEPT and consignment is not USERS:
            continue
        if consignment in (ORGANIZATIONS, USERS_ONCE) and fault.moment not in FEW:
            continue
        if consignment.repeats:
            yield Night(endpoint=endpoint, fault=fault, consignment=consignment, whole=whole + 1, taken=taken + 1)
        else:
            yield Night(
                endpoint=endpoint,
                fault=fault,
                consignment=consignment,
                state="in_doubt",
                exit=Exit.IN_DOUBT,
                whole=whole,
                taken=taken,
            )


def upload_of(consignment: Consignment) -> Endpoint:
    [endpoint] = set(consignment.requests) & set(UPLOADS)
    return endpoint


def senders_of(endpoint: Endpoint) -> tuple[Consignment, ...]:
    """What may be repeated and what may not is the same but for the upload: only there each of them counts."""
    of = (SESSIONS, USERS) if endpoint.api == "tao" else (RECORDS, KEYED_RECORDS)
    return of if endpoint in UPLOADS else of[:1]


def all_nights() -> Iterator[Night]:
    for consignment in OTHERS:
        yield from lost(consignment)
    for consignment in (SESSIONS, RECORDS):
        for fault in NOT_ARRIVED:
            yield Night(endpoint=upload_of(consignment), fault=fault, consignment=consignment, size=LARGE)
    for consignment in (USERS, KEYED_RECORDS):
        for fault, state, code in ((NONSENSE, "ready", Exit.USAGE), (REFUSED_AGAIN, "in_doubt", Exit.IN_DOUBT)):
            yield Night(
                endpoint=upload_of(consignment),
                fault=fault,
                consignment=consignment,
                state=state,
                exit=code,
                whole=fault.times,
                taken=fault.times,
            )
    for endpoint, faults in REPEATED.items():
        for fault in faults:
            for consignment in senders_of(endpoint):
                whole = 1 + (endpoint in UPLOADS)
                yield Night(endpoint=endpoint, fault=fault, consignment=consignment, whole=whole)
    for endpoint, fault, state, code in STOPPED:
        is_taken = state == "waiting"
        seen = fault.times if endpoint in UPLOADS and fault.deed is not Deed.REFUSE else int(is_taken)
        yield Night(
            endpoint=endpoint,
            fault=fault,
            consignment=senders_of(endpoint)[0],
            state=state,
            exit=code,
            whole=seen,
            taken=int(is_taken),
        )
    for endpoint, faults in REFUSED.items():
        for fault in faults:
            yield Night(
                endpoint=endpoint,
                fault=fault,
                consignment=senders_of(endpoint)[0],
                state="failed",
                exit=Exit.REJECTS,
                taken=0,
                finally_="failed",
            )


NIGHTS_OF_OTHERS = list(all_nights())
