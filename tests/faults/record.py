"""What a server writes down of the requests that reached it, and of what it did about them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qs

from faults.fault import Endpoint


@dataclass(kw_only=True)
class Request:
    """As far as it was read."""

    endpoint: Endpoint
    head: bytes
    body: bytes = b""

    @cached_property
    def headers(self) -> Mapping[str, str]:
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    @property
    def size(self) -> int:
        """Bytes of the body that were promised."""
        return int(self.headers.get("content-length", 0))

    @property
    def whole(self) -> bool:
        return len(self.body) == self.size

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A submission that took effect."""

    token: str
    replaces: bool
    """Another one of the same is not there beside it."""
    data: str
    """As the file had it."""
    rows: int


def taken_of(request: Request, token: str) -> Taken:
    """What the remote understands: it knows no more of the sender than it was sent."""
    match request.endpoint:
        case Endpoint.TAO_UPLOAD:
            data = request.body.partition(b"\r\n\r\n")[2].rpartition(b"\r\n--")[0].decode()
            replaces = not data.startswith(_ADDED)
            return Taken(token=token, replaces=replaces, data=data, rows=data.count("\n"))
        case Endpoint.PUSH:
            records = json.loads(request.body)["transfer_data"]
            lines = [",".join(cells) for cells in (records[0]["data"], *(each["data"].values() for each in records))]
            replaces = all(each.get("internal_id") == each["data"]["id"] for each in records)
            return Taken(token=token, replaces=replaces, data="\r\n".join(lines), rows=len(records))
        case _:
            said = json.loads(request.body)
            over, data = str(said.get("Overwrite")).lower() == "true", said["Data"]
            return Taken(token=token, replaces=over, data=data, rows=data.count("\n"))


_ADDED = ("session_", "hierarchy_organizationName")
"""How files begin whose rows have no key: TAO makes a new session, or a new organization, of each."""


def endpoint_of(head: bytes, api: str) -> Endpoint:
    """What a request is for, by its first line."""
    path, _, query = head.split(b" ", 2)[1].decode().partition("?")
    if api == "tao":
        return next(endpoint for beginning, endpoint in _TAO.items() if path.startswith(beginning))
    if api == "endgrate":
        is_first = parse_qs(query).get("offset") == ["0"]
        return _ENDGRATE.get(path) or (Endpoint.FIRST_PAGE if is_first else Endpoint.PAGE)
    if path == "/connect/token":
        return Endpoint.TOKEN
    if path == "/api/UploadData":
        return Endpoint.UPLOAD
    return Endpoint.POLL if parse_qs(query)["dataKey"] == ["status"] else Endpoint.RESULT


_TAO = {
    "/connect/token": Endpoint.TAO_TOKEN,
    "/api/v1/upload": Endpoint.TAO_UPLOAD,
    "/api/v1/status/": Endpoint.TAO_STATUS,
    "/api/v1/download/": Endpoint.TAO_ADDRESS,
    "/store/": Endpoint.TAO_STORE,
}
_ENDGRATE = {
    "/api/session/configuration": Endpoint.SESSION,
    "/api/push/transfer": Endpoint.PUSH,
    "/api/statistics": Endpoint.STATISTICS,
    "/api/errors": Endpoint.ERRORS,
}
