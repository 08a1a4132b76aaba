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
    organizations: bool = False  # the feature is on: users and groups must name theirs
