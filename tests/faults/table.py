"""The rows of the matrix: what a server does, and what each of our requests must make of it.

The columns are the Platform's four requests. TAO's token is read as the Platform's, its upload and a push to Endgrate
as an upload, their reads as a poll; where one of them is not, the row says so. The store of TAO's results knows one
answer, which is 200.

Written from the rules: a bearer token may be asked for twice, so trouble with it is NotSent; an upload whose
answer is not whole is Unclear, and one whose answer is whole but none of this API is Garbled (which is Unclear);
reads may be repeated, so they fail in ways that lead to another try; and success takes a whole, valid answer.
Whoever takes a whole upload may still be followed by somebody who answers with a page, so a page refuses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from targets.remote import UUID
from targets.wire import answer, as_json, grant, head

from faults import answers as say
from faults.fault import PLATFORM, STRUCK, TOKENS, UPLOADS, Deed, Endpoint, Fault, Moment, Says
from orchestrator.edges.retry_after import LONGEST
from orchestrator.errors import (
    Busy,
    Denied,
    Garbled,
    Misdirected,
    Missing,
    NotSent,
    Nowhere,
    Refused,
    Unclear,
    Unreachable,
)
from orchestrator.model import Accepted
from orchestrator.ports import Ended, Fetched, Running

TOKEN, UPLOAD, POLL, RESULT = PLATFORM
BROKEN = dict.fromkeys(STRUCK, Unclear) | dict.fromkeys(TOKENS, NotSent)
"""What is left when there was no whole answer."""

FINE = (
    dict.fromkeys(STRUCK, Fetched)
    | dict.fromkeys(TOKENS + UPLOADS, Accepted)
    | dict.fromkeys((POLL, Endpoint.TAO_STATUS, Endpoint.STATISTICS), Ended)
)
"""An upload begins with a token, so that is what the token is asked for."""

UNREACHABLE = dict.fromkeys(STRUCK, Unreachable) | {Endpoint.TAO_STORE: Unclear}  # a store is not the remote


@dataclass(frozen=True)
class Row:
    """One answer, and what it means in the place of a bearer token, of an upload's, a poll's and a result's."""

    what: str
    says: Says
    token: type
    upload: type
    poll: type
    result: type
    closes: bool = False
    push: type | None = None
    """To Endgrate, where it is not as an upload."""
    read: type | None = None
    """At TAO and Endgrate, where it is not as a poll."""
    tao: type | None = None
    """At TAO, where it is not as at Endgrate."""
    store: type = NotSent
    """What a signed download makes of it."""

    @property
    def fault(self) -> Fault:
        return Fault(what=self.what, says=self.says, closes=self.closes)

    @property
    def outcomes(self) -> dict[Endpoint, type]:
        others = dict.fromkeys(STRUCK, self.read or self.poll)
        others |= dict.fromkeys(TOKENS, self.token) | dict.fromkeys(UPLOADS, self.upload)
        others |= dict.fromkeys((Endpoint.TAO_STATUS, Endpoint.TAO_ADDRESS), self.tao or self.read or self.poll)
        others |= {Endpoint.TAO_STORE: self.store, Endpoint.PUSH: self.push or self.upload}
        return others | {POLL: self.poll, RESULT: self.result}


# fmt: off
STATUSES = (
    #   the answer                              token        upload       poll         result
    Row("101", head(101, "Upgrade: h2c"),       Misdirected, Garbled,     NotSent,     NotSent, closes=True),
    Row("201 without a body", answer(201),      Misdirected, Garbled,     NotSent,     NotSent),
    Row("202 without a body", answer(202),      Misdirected, Garbled,     NotSent,     NotSent),
    Row("202 and a page", say.page(202),    Misdirected, Garbled,     NotSent,     NotSent),
    Row("204", head(204),                       Misdirected, Garbled,     NotSent,     NotSent),
    Row("206 and a half", answer(206, UUID[:9]), Misdirected, Garbled,    NotSent,     NotSent),
    Row("300", say.page(300),               Misdirected, Garbled,     NotSent,     NotSent),
    Row("304", head(304),                       Misdirected, Garbled,     NotSent,     NotSent),
    Row("400", answer(400),                 Misdirected, Refused,     NotSent,     Refused),
    Row("400 and a page", say.page(400),    Misdirected, Garbled,     NotSent,     NotSent),
    Row("402", say.page(402),               Misdirected, Garbled,     NotSent,     NotSent),
    Row("403", answer(403),                 Denied,      Denied,      Denied,      Denied),
    Row("403 and a page", say.page(403),    Denied,      Garbled,     Denied,      Denied),
    Row("404", answer(404),                 Misdirected, Misdirected, Missing,     Missing, tao=Nowhere),
    Row("404 and a page", say.page(404),    Misdirected, Garbled,     Garbled,     Garbled),
    Row("405", answer(405),                 Misdirected, Misdirected, Misdirected, Misdirected),
    Row("405 and a page", say.page(405),    Misdirected, Garbled,     Misdirected, Misdirected),
    Row("406", say.page(406),               Misdirected, Garbled,     NotSent,     NotSent),
    Row("407", say.page(407),               Misdirected, Garbled,     NotSent,     NotSent),
    Row("408", say.page(408),               NotSent,     Garbled,     NotSent,     NotSent),
    Row("409", answer(409),                 Misdirected, Refused,     NotSent,     NotSent),
    Row("409 and a page", say.page(409),    Misdirected, Garbled,     NotSent,     NotSent),
    Row("410", say.page(410),               Misdirected, Garbled,     NotSent,     NotSent),
    Row("413", answer(413),                 Misdirected, Refused,     NotSent,     NotSent),
    Row("413 and a page", say.page(413),    Misdirected, Garbled,     NotSent,     NotSent),
    Row("415", answer(415),                 Misdirected, Misdirected, Misdirected, Misdirected),
    Row("415 and a page", say.page(415),    Misdirected, Garbled,     Misdirected, Misdirected),
    Row("422", answer(422),                 Misdirected, Refused,     NotSent,     NotSent),
    Row("422 and a page", say.page(422),    Misdirected, Garbled,     NotSent,     NotSent),
    Row("425", answer(425),                 NotSent,     Busy,        NotSent,     NotSent),
    Row("425 and a page", say.page(425),    NotSent,     Unclear,     NotSent,     NotSent),
    Row("431", say.page(431),               Misdirected, Garbled,     NotSent,     NotSent),
    Row("500", say.page(500),               NotSent,     Unclear,     NotSent,     NotSent),
    Row("501", say.page(501),               NotSent,     Unclear,     NotSent,     NotSent),
    Row("502", say.page(502),               NotSent,     Unclear,     NotSent,     NotSent),
    Row("504", say.page(504),               NotSent,     Unclear,     NotSent,     NotSent),
    Row("507", say.page(507),               NotSent,     Unclear,     NotSent,     NotSent),
    Row("400, zipped", answer(400, b"\x1f\x8b", "Content-Encoding: gzip"), Misdirected, Unclear, NotSent, NotSent),
    Row("400 without framing", head(400) + b"no", Misdirected, Unclear, NotSent, NotSent, closes=True),
    Row("403, zipped", answer(403, b"\x1f\x8b", "Content-Encoding: gzip"), Denied, Unclear, Denied, Denied),
    Row("429, zipped", answer(429, b"\x1f\x8b", "Content-Encoding: gzip"), NotSent, Unclear, NotSent, NotSent),
    Row("429 without framing", head(429) + b"no", NotSent, Unclear, NotSent, NotSent, closes=True),
    Row("400 and a page called text", answer(400, say.PAGE), Misdirected, Garbled, NotSent, NotSent),
    Row("400 in JSON", as_json({"message": "no"}, 400), Misdirected, Refused, NotSent, Refused),
    Row("429 and a page", say.page(429),    NotSent,     Unclear,     NotSent,     NotSent),
    Row("503 and a page", say.page(503),    NotSent,     Unclear,     NotSent,     NotSent),
    Row("500 and a token", answer(500, UUID),   NotSent,     Unclear,     NotSent,     NotSent),
    Row("500 and success", answer(500, "completedsuccessfully"), NotSent, Unclear, NotSent, NotSent),
    Row("500 and a bearer", grant("bearer").replace(b"200 OK", b"500 No"), NotSent, Unclear, NotSent, NotSent),
)

REDIRECTS = (
    *(
        Row(f"{status} {where}", say.redirect(status, to), Misdirected, Garbled, NotSent, NotSent)
        for where, to in (("elsewhere", "{elsewhere}/api/UploadData"), ("to the same host", "/api/UploadData"))
        for status in (301, 302, 303, 307, 308)
    ),
    Row("302 to nowhere", say.page(302),        Misdirected, Garbled,     NotSent,     NotSent),
    Row("307 to a file", say.redirect(307, "file:///etc/passwd"), Misdirected, Garbled, NotSent, NotSent),
)

SPENT = (
    # what says that the bearer token is spent, and what it proves of an upload that went out whole
    (Fault(what="401", says=answer(401, "", 'WWW-Authenticate: Bearer error="invalid_token"')), Denied),
    (Fault(what="401 and a page", says=say.page(401)), Garbled),
    (Fault(what="401 and a page called text", says=answer(401, say.PAGE)), Garbled),
    (Fault(what="401 without framing", says=head(401) + b"no", closes=True), Unclear),
    (Fault(what="401, zipped", says=answer(401, b"\x1f\x8b", "Content-Encoding: gzip")), Unclear),
)

_NOT: dict[str, type] = {"read": Unclear, "store": Unclear}
_PAGE: dict[str, type] = {"read": Garbled, "store": Garbled}

UNEXPECTED = (
    #   the answer, 200 and whole               token        upload       poll         result
    Row("nothing", answer(200),                 Misdirected, Garbled,     Running,     Fetched, read=Unclear,
        store=Unclear),
    Row("a page", say.page(200),                Misdirected, Garbled,     Unclear,     Unclear, **_PAGE),
    Row("a page called text", answer(200, say.PAGE), Misdirected, Garbled, Unclear,    Unclear, **_PAGE),
    Row("a page with a token", answer(200, UUID + say.PAGE, kind="text/html"), Misdirected, Garbled, Unclear, Unclear,
        **_PAGE),
    Row("an error in JSON", as_json({"success": False, "error": "server_error"}), Misdirected, Garbled, Running,
        Fetched, push=Refused, **_NOT),
    Row("invalid_client", as_json({"error": "invalid_client"}), Denied, Garbled, Running, Fetched, **_NOT),
    Row("a token in an object", as_json({"token": UUID}), Misdirected, Garbled, Running, Fetched, **_NOT),
    Row("null", as_json(None),                  Misdirected, Garbled,     Running,     Fetched, **_NOT),
    Row("a number", as_json(36),                Misdirected, Garbled,     Running,     Fetched, **_NOT),
    Row("half a token", say.HALF_A_TOKEN,       Misdirected, Garbled,     Running,     Fetched, **_NOT),
    Row("two tokens", answer(200, f"{UUID}\n{UUID}"), Misdirected, Garbled, Running,   Fetched, **_NOT),
    Row("a word", answer(200, "reticulating"),  Misdirected, Garbled,     Running,     Fetched, **_NOT),
    Row("a bearer with a line break", grant("a\r\nX-Injected: 1"), Misdirected, Garbled, Running, Fetched, **_NOT),
    Row("binary", answer(200, bytes(range(256))), Misdirected, Garbled,   Running,     Fetched, **_NOT),
    Row("UTF-16", answer(200, UUID.encode("utf-16")), Misdirected, Garbled, Running,   Fetched, **_NOT),
)
# fmt: on


def _broken(what: str, says: Says, *, closes: bool = True) -> Row:
    return Row(what, says, NotSent, Unclear, Unclear, Unclear, closes=closes, store=Unclear)


def _misframed(what: str, says: Says, *, closes: bool = True) -> Row:
    return Row(what, says, NotSent, Garbled, Garbled, Garbled, closes=closes, store=Garbled)


FRAMING = (
    _broken("a length that is too long", say.longer_than_it_is),
    _broken("a length that is no number", say.framed_by("Content-Length: many")),
    _broken("a length below zero", say.framed_by("Content-Length: -1")),
    _broken("a length that is too short", say.shorter_than_it_is, closes=False),
    _broken("400 that is cut", head(400, "Content-Length: 9") + b"no"),
    _broken("429 that is cut", head(429, "Content-Length: 9") + b"no"),
    _broken("two lengths", say.framed_by("Content-Length: 5", "Content-Length: 9")),
    _broken("a length and chunks", say.framed_by("Content-Length: 5", "Transfer-Encoding: chunked")),
    _broken("chunks without their end", say.cut_chunks),
    _broken("a chunk that is cut", say.cut_in_a_chunk),
    _broken("a chunk that is too long", say.chunk_too_long),
    _broken("a chunk of no size", say.chunk_of_no_size),
    _misframed("no framing", say.unframed()),
    _misframed("no framing, cut", say.unframed(share=0.5)),
    _misframed("no framing, 201", say.unframed(201)),
    _misframed("no framing, 202", say.unframed(202)),
    _misframed("no framing, HTTP/1.0", say.unframed(version="1.0")),
    _misframed("zipped", say.zipped, closes=False),
    _misframed("zipped and cut", say.cut_zip, closes=False),
    _misframed("a zip bomb", say.bomb, closes=False),
    _misframed("gzip that is none", say.whole("Content-Encoding: gzip"), closes=False),
    _misframed("deflate", say.whole("Content-Encoding: deflate"), closes=False),
    _misframed("brotli", say.whole("Content-Encoding: br"), closes=False),
    _misframed("zipped chunks", say.framed_by("Transfer-Encoding: gzip")),
)

NOT_HTTP = (
    _broken("an SSH greeting", b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n\r\n"),
    _broken("a TLS alert", b"\x15\x03\x03\x00\x02\x02\x28"),
    _broken("a mail greeting", b"220 mail.example.com ESMTP\r\n"),
    _broken("HTTP/2", b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + bytes(18)),
    _broken("a bare page", say.PAGE.encode()),
    _broken("bytes", bytes(range(256)) * 4),
    _broken("a status that is no number", b"HTTP/1.1 abc OK\r\n\r\n"),
    _broken("a header without a name", head(200, ": x", "Content-Length: 2") + b"{}"),
    _broken("a header with NUL", head(200, "X-A: a\0b", "Content-Length: 2") + b"{}"),
    _broken("20,000 headers", say.MANY_HEADERS),
    _broken("a header of 1 MiB", say.LONG_HEADER),
    _broken("a reason of 1 MiB", say.LONG_REASON),
)


@dataclass(frozen=True)
class _Fine(Row):
    @property
    def outcomes(self) -> dict[Endpoint, type]:
        return FINE


def _fine(what: str, says: Says, *, closes: bool = False) -> Row:
    return _Fine(what, says, Accepted, Accepted, Ended, Fetched, closes=closes)


HEALTHY = (
    _fine("cookies", say.whole("Set-Cookie: a=b", "Set-Cookie: c=d; Secure; HttpOnly")),
    _fine("it in chunks", say.in_chunks),
    _fine("it with a mark and spaces", say.dressed),
    _fine("it after 100, 102 and 103", say.after(100, 102, 103)),
    _fine("it with 50 more headers", say.whole(*(f"X-{n}: {n}" for n in range(50)))),
    _fine("it, and goes", say.whole("Connection: close"), closes=True),
    _fine("it as JSON", say.whole(kind="application/json")),
    _fine("it as nothing in particular", say.whole(kind="")),
)

FLOODS = (
    Fault(what="more than 1 MiB", says=say.TOO_LONG),
    Fault(deed=Deed.FLOOD, what="chunks", says=say.ENDLESS, more=say.CHUNK),
    Fault(deed=Deed.FLOOD, what="headers", says=b"HTTP/1.1 200 OK\r\n", more=b"X-More: " + b"x" * 1000 + b"\r\n"),
    Fault(deed=Deed.CHATTER, what="100 Continue", more=head(100)),
    Fault(deed=Deed.CHATTER, what="103 Early Hints", more=head(103, "Link: </a>; rel=preload")),
)

DRIPS = (Fault(moment=Moment.TAKEN, deed=Deed.DRIP),)

EARLY = (
    # what is said while the upload is on its way; its meaning when the last byte may have left, and when not
    (answer(200, UUID), Accepted, Garbled),
    (answer(200), Garbled, Garbled),
    (say.page(302), Garbled, NotSent),
    (say.page(302, "Retry-After: 7"), Garbled, NotSent),
    (answer(400), Refused, Refused),
    (say.page(400), Garbled, Refused),
    (answer(403), Denied, Denied),
    (say.page(403), Garbled, Denied),
    (answer(404), Misdirected, Misdirected),
    (say.page(404), Garbled, Misdirected),
    (say.page(408), Garbled, NotSent),
    (answer(413), Refused, Refused),
    (say.page(413), Garbled, Refused),
    (answer(429, "", "Retry-After: 7"), Busy, Busy),
    (say.page(429), Unclear, Busy),
    (say.page(500), Unclear, NotSent),
    (say.page(500, "Retry-After: 7"), Unclear, NotSent),
    (say.page(502, "Retry-After: 7"), Unclear, NotSent),
    (say.page(503), Unclear, NotSent),
    (answer(503, "", "Retry-After: 7"), Busy, Busy),
    (say.page(503, "Retry-After: 7"), Unclear, Busy),
    (say.page(504, "Retry-After: 7"), Unclear, NotSent),
)

RETRY_AFTER = (
    # as it is sent, and the seconds that it means
    ((), None),
    (("Retry-After: 7",), 7.0),
    (("Retry-After: 0",), 0.0),
    (("Retry-After: Mon, 01 Jul 2024 09:02:00 GMT", "Date: Mon, 01 Jul 2024 09:00:00 GMT"), 120.0),
    (("Retry-After: Thu, 01 Jan 1970 00:00:00 GMT",), 0.0),
    (("Retry-After: soon",), None),
    (("Retry-After: -1",), None),
    (("Retry-After: 3600",), 3600.0),
    (("Retry-After: 99999999999",), LONGEST),
)

DATED = (
    #   the answer says Retry-After: 7          token        upload       poll         result
    *(
        Row(f"{status} with a date", say.page(status, "Retry-After: 7"), NotSent, Unclear, NotSent, NotSent)
        for status in (500, 502, 504, 507)
    ),
    *(
        Row(f"{status} with a date", say.page(status, "Retry-After: 7"), Misdirected, Garbled, NotSent, NotSent)
        for status in (301, 302, 307)
    ),
    Row("408 with a date", say.page(408, "Retry-After: 7"), NotSent, Garbled, NotSent, NotSent),
    Row("202 with a date", say.whole("Retry-After: 7", status=202), Misdirected, Accepted, NotSent, NotSent),
)
"""Whatever else an answer means, everybody stays away for as long as it says."""
