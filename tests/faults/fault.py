"""What can go wrong with a request: how far it gets, and what the server does then."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


class Endpoint(enum.StrEnum):
    """What a request is for: of the Platform, of TAO, and of Endgrate, whose data come in pages."""

    TOKEN = "token"
    UPLOAD = "upload"
    POLL = "poll"
    RESULT = "result"
    TAO_TOKEN = "TAO token"
    TAO_UPLOAD = "TAO upload"
    TAO_STATUS = "TAO status"
    TAO_ADDRESS = "TAO address of the results"
    TAO_STORE = "TAO signed download"
    SESSION = "Endgrate session"
    PUSH = "Endgrate push"
    STATISTICS = "Endgrate statistics"
    ERRORS = "Endgrate errors"
    FIRST_PAGE = "Endgrate first page"
    PAGE = "Endgrate next page"

    @property
    def api(self) -> str:
        """Which remote it belongs to."""
        return {"TAO": "tao", "Endgrate": "endgrate"}.get(self.partition(" ")[0], "platform")


PLATFORM = (Endpoint.TOKEN, Endpoint.UPLOAD, Endpoint.POLL, Endpoint.RESULT)
TAO = (
    Endpoint.TAO_TOKEN,
    Endpoint.TAO_UPLOAD,
    Endpoint.TAO_STATUS,
    Endpoint.TAO_ADDRESS,
    Endpoint.TAO_STORE,
)
ENDGRATE = (Endpoint.PUSH, Endpoint.STATISTICS, Endpoint.ERRORS, Endpoint.PAGE)
STRUCK = PLATFORM + TAO + ENDGRATE
TOKENS = (Endpoint.TOKEN, Endpoint.TAO_TOKEN)
UPLOADS = (Endpoint.UPLOAD, Endpoint.TAO_UPLOAD, Endpoint.PUSH)
FOLLOWS = dict.fromkeys(STRUCK, 1) | dict.fromkeys(TOKENS, 0) | {Endpoint.TAO_STORE: 2}
"""How many requests come before the one in question."""


class Moment(enum.Enum):
    """How far an exchange gets, in the order of its phases. `TAKEN` is what the remote does with an upload."""

    CONNECTED = "as it connects"
    KEPT = "as a kept connection is used again"
    HEAD = "after the head"
    FIRST = "after the first byte"
    HALF = "half way through the body"
    ALMOST = "one byte before the end"
    WHOLE = "after the whole request"
    TAKEN = "after it was taken"
    STATUS = "in the status line"
    HEADERS = "in the headers"
    BETWEEN = "before the answer's body"
    CONTENT = "in the answer's body"
    LAST = "one byte before the answer's end"

    @property
    def is_before_the_head(self) -> bool:
        return self in (Moment.CONNECTED, Moment.KEPT)

    @property
    def is_in_the_body(self) -> bool:
        """The server has not got the whole request."""
        return self in (Moment.HEAD, Moment.FIRST, Moment.HALF, Moment.ALMOST)

    @property
    def is_before_the_end(self) -> bool:
        return self.is_before_the_head or self.is_in_the_body

    @property
    def is_in_the_answer(self) -> bool:
        return self in (Moment.STATUS, Moment.HEADERS, Moment.BETWEEN, Moment.CONTENT, Moment.LAST)

    def of_body(self, size: int) -> int:
        """How many bytes of a request's body are read until then."""
        read = {Moment.HEAD: 0, Moment.FIRST: min(1, size), Moment.HALF: size // 2, Moment.ALMOST: max(size - 1, 0)}
        return read.get(self, size)

    def of_answer(self, whole: bytes) -> bytes:
        """What is said of an answer until then."""
        line, head = whole.index(b"\r\n"), whole.index(b"\r\n\r\n") + 4
        said = {
            Moment.STATUS: line // 2,
            Moment.HEADERS: (line + head) // 2,
            Moment.BETWEEN: head,
            Moment.CONTENT: (head + len(whole)) // 2,
            Moment.LAST: len(whole) - 1,
        }
        return whole[: said.get(self, 0)]


class Deed(enum.Enum):
    CLOSE = "closes"
    RESET = "resets"
    STALL = "falls silent"
    BABBLE = "talks nonsense"
    REFUSE = "refuses connections"
    ANSWER = "says"
    FLOOD = "never stops saying"
    CHATTER = "says for ever"
    DRIP = "drips"


Says: TypeAlias = bytes | Callable[[bytes], bytes]
"""An answer, or what makes one of a healthy answer's body."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Strikes the first `times` requests to an endpoint."""

    moment: Moment = Moment.WHOLE
    deed: Deed = Deed.ANSWER
    what: str = ""
    """Names what is said."""
    says: Says = b""
    more: bytes = b""
    """What a flood goes on with."""
    closes: bool = False
    """The connection ends after the answer."""
    times: int = 1

    def __str__(self) -> str:
        return " ".join(filter(None, (self.moment.value, self.deed.value, self.what)))

    def answer(self, content: bytes, elsewhere: str) -> bytes:
        """The bytes of the answer. `{elsewhere}` is an address that nobody must ever be led to."""
        said = self.says if isinstance(self.says, bytes) else self.says(content)
        return said.replace(b"{elsewhere}", elsewhere.encode())
