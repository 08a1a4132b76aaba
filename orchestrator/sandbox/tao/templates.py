"""The kinds of file that can be imported. A kind is told by the names of the columns, never by that of the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["users", "groups", "organizations", "links", "new links", "sessions"]

_USER = (
    "user_username user_name user_password user_email user_language user_active user_role user_organizationId"
    " user_externalId"
).split()
_GROUP = "group_name group_description group_active group_organizationId".split()
_ORGANIZATION = (
    "hierarchy_organizationId hierarchy_organizationName hierarchy_organizationDescription"
    " hierarchy_parentOrganizationId"
).split()
_SESSION = (
    "session_deliveryId session_batteryId session_name session_timezone session_startDate session_endDate"
    " session_submissionDate session_waitingPageDate session_securitySettings session_reviewSettings"
    " session_testRunnerAccessibilityPlugins session_testRunnerSessionPlugins session_reportSettings"
    " session_readAloud"
).split()


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """What columns a file of this kind has: these at least, those at most, and any that begin with `free`."""

    kind: Kind
    required: tuple[str, ...]
    known: frozenset[str]
    free: str | None = None

    def problem(self, columns: Sequence[str]) -> str | None:
        """Why a file with these columns cannot be imported as this kind, or None if it can."""
        if absent := [name for name in self.required if name not in columns]:
            return f"Missing columns: {', '.join(absent)}."
        strange = [name for name in columns if not self._knows(name)]
        return f"Unknown columns: {', '.join(strange)}." if strange else None

    def _knows(self, column: str) -> bool:
        return column in self.known or (self.free is not None and column.startswith(self.free))


TEMPLATES: dict[Kind, Template] = {
    template.kind: template
    for template in (
        Template(kind="users", required=("user_username",), known=frozenset(_USER), free="user_metadata_"),
        Template(kind="groups", required=("group_name",), known=frozenset(_GROUP), free="group_metadata_"),
        Template(kind="organizations", required=(), known=frozenset(_ORGANIZATION)),
        Template(
            kind="links",
            required=("user_username", "group_name", "group_role"),
            known=frozenset({"user_username", "group_name", "group_role"}),
        ),
        Template(
            kind="new links",
            required=("user_username", "group_name", "group_role"),
            known=frozenset({*_USER, "group_name", "group_role"}),
        ),
        Template(
            kind="sessions",
            required=("group_name", "session_name"),
            known=frozenset({*_SESSION, *_GROUP}),
        ),
    )
}


def kind_of(columns: Sequence[str]) -> Kind | None:
    """What a file with these columns is; None if it is nothing that can be imported."""
    names = set(columns)
    if any(name.startswith("hierarchy_") for name in names):
        return "organizations"
    if any(name.startswith("session_") for name in names):
        return "sessions"
    if "user_username" in names and "group_name" in names:
        others = names - {"user_username", "group_name", "group_role"}
        return "new links" if any(name.startswith("user_") for name in others) else "links"
    if "user_username" in names:
        return "users"
    return "groups" if "group_name" in names else None
