"""The knobs of single APIs, beside those that every remote has (`Profile`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class TaoKnobs:
    scopes: tuple[str, ...] = ("rostering",)  # granted to the client by registration
    errors: Literal["nested", "plain", "message"] = "nested"  # {"error": {"message": …}}, text, {"message": …}
    unauthorized: Literal["text", "json"] = "text"  # a 401 comes from a gateway or from the application
    max_file: int = 10_485_760  # bytes of the file itself
    too_large: Literal[400, 413] = 400
    max_records: int | None = None
    reports: bool = True  # False: there is neither status nor download
    unknown_for: float = 0.0  # seconds during which a new referenceId is not found
    url_ttl: float = 900.0  # seconds for which a signed address works
    failing_rows: int | None = None  # every nth row fails with an error of the server's own
    organizations: bool = False  # the feature is on: users and groups must name theirs


@dataclass(frozen=True, slots=True, kw_only=True)
class EndgrateKnobs:
    configured: bool = False  # a session needs nobody who opens its page
    session_ttl: float = 259_200.0  # seconds for which a session lives that is not saved: 72 h
    authenticated: bool = True  # False: the provider lets nobody in before somebody has signed in anew
    errors: Literal["status", "soft"] = "status"  # soft: 200 and {"success": false} in place of a 400 or a 404
    batch: int = 100  # records that are handed to the provider at once
    failing: int | None = None  # every nth batch fails
    wait: float = 300.0  # seconds for which a synchronous transfer keeps its caller at most
    page: int = 250  # the most records of a page
    supply: int = 1000  # records of each type that there are to pull
