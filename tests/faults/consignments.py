"""What is sent in a night, and to whom: a file for each class of delivery, and the requests of a healthy night."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from crash.deliveries import (
    ENDGRATE,
    ENDGRATE_KEYED,
    NOTHING_KNOWN,
    SOLE_WRITER,
    TAO_SESSIONS,
    TAO_USERS,
    Api,
    Delivery,
)
from targets.endgrate.remote import SESSION, TYPE
from targets.remote import CELL, CLIENT_ID

from cli.stage import as_options
from faults.fault import PLATFORM, Endpoint

_LONG = 64 << 10
"""Characters of a cell: longer ones are none of a CSV."""

REQUESTS: Mapping[Api, tuple[Endpoint, ...]] = {
    "platform": PLATFORM,
    "tao": (
        Endpoint.TAO_TOKEN,
        Endpoint.TAO_UPLOAD,
        Endpoint.TAO_STATUS,
        Endpoint.TAO_STATUS,
        Endpoint.TAO_ADDRESS,
        Endpoint.TAO_STORE,
    ),
    "endgrate": (
        Endpoint.PUSH,
        Endpoint.STATISTICS,
        Endpoint.STATISTICS,
        Endpoint.ERRORS,
        Endpoint.FIRST_PAGE,
        Endpoint.PAGE,
    ),
}
"""As a healthy night makes them, one after the other: a status is asked for once more, as a result."""


@dataclass(frozen=True, kw_only=True)
class Consignment:
    delivery: Delivery
    header: str
    row: str
    """With a number, and with a name that nobody but the remote is to see."""

    def __str__(self) -> str:
        return str(self.delivery)

    @property
    def repeats(self) -> bool:
        return self.delivery.repeats

    @property
    def requests(self) -> tuple[Endpoint, ...]:
        return REQUESTS[self.delivery.api]

    def text(self, size: int = 0) -> str:
        """One row, and some *size* characters more in others, if that is to be so."""
        names = (CELL, *("x" * _LONG for _ in range(size // _LONG)))
        rows = (self.row.format(number=number, name=name) for number, name in enumerate(names, 1))
        return "\r\n".join([self.header, *rows])

    def settings(self, url: str) -> list[str]:
        """Of the program, for a remote at *url*."""
        own: dict[str, object]
        match self.delivery.api:
            case "tao":
                own = {"kind": "tao", "token_path": "/connect/token", "client_id": CLIENT_ID}
            case "endgrate":
                own = {"kind": "endgrate", "session_id": SESSION, "endgrate_type": TYPE}
            case _:
                own = {"token_url": f"{url}/connect/token", "client_id": CLIENT_ID}
        own |= {"base_url": url}
        given = {**{f"target__{key}": value for key, value in own.items()}, **self.delivery.settings}
        return [word for word in as_options(given) if word != "--set"]


ROSTER = Consignment(
    delivery=NOTHING_KNOWN,
    header="Reference,StartDate,StartTime,EndDate,EndTime",
    row="{name},01/07/2024,09:00,01/07/2024,17:00",
)
OWN_ROSTER = replace(ROSTER, delivery=SOLE_WRITER)
USERS = Consignment(
    delivery=TAO_USERS, header="user_username,user_password,user_name", row="zoe{number},Secret-1,{name}"
)
USERS_ONCE = replace(
    USERS,
    delivery=replace(TAO_USERS, name="TAO, users, never again", settings={"target__resend": "never"}, repeats=False),
)
SESSIONS = Consignment(
    delivery=TAO_SESSIONS, header="session_deliveryId,session_name,group_name", row="delivery{number},{name},night"
)
ORGANIZATIONS = Consignment(
    delivery=replace(TAO_SESSIONS, name="TAO, new organizations"),
    header="hierarchy_organizationName,hierarchy_organizationDescription",
    row="number {number},{name}",
)
KEYED_RECORDS = Consignment(delivery=ENDGRATE_KEYED, header="id,name", row="{number},{name}")
RECORDS = replace(KEYED_RECORDS, delivery=ENDGRATE)

OTHERS = (USERS, USERS_ONCE, SESSIONS, ORGANIZATIONS, KEYED_RECORDS, RECORDS)
"""All that do not go to the Platform."""
