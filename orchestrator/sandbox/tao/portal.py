"""What stands in the Portal, and what one row of an imported file does to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orchestrator.sandbox.tao.cells import problem
from orchestrator.sandbox.tao.templates import Kind

Row = Mapping[str, str]
"""The columns that the file has, with their trimmed cells."""

ROOT = "root"
_DEEPEST = 15  # levels of organizations


class Portal:
    """Users, groups and organizations are upserted by their key; a blank cell deletes what stood there.

    Links are pairs of a user and a group, with the role. Sessions have no key: each import adds its own, so
    a file that was imported twice shows as duplicates. Of a password only stands here that there is one.
    """

    def __init__(self, *, organizations: bool) -> None:
        self._with_organizations = organizations
        self.users: dict[str, dict[str, str]] = {}
        self.groups: dict[str, dict[str, str]] = {}
        self.organizations: dict[str, dict[str, str]] = {}
        self.links: dict[tuple[str, str], str] = {}
        self.sessions: list[dict[str, str]] = []
        self._takes: dict[Kind, Callable[[Row], str | None]] = {
            "users": self._take_user,
            "groups": self._take_group,
            "organizations": self._take_organization,
            "links": self._take_link,
            "new links": self._take_new_link,
            "sessions": self._take_session,
        }

    def take(self, kind: Kind, row: Row) -> str | None:
        """Apply a row, or say what is wrong with it."""
        return self._takes[kind](row)

    def _take_user(self, row: Row) -> str | None:
        name = row["user_username"]
        if wrong := problem(row, ("user_username",)):
            return wrong
        if name not in self.users and not row.get("user_password"):
            return 'Field "user_password" is required for new user.'
        if wrong := self._wrong_organization(row, "user_organizationId", known=name in self.users, of="user"):
            return wrong
        # A password can be changed, but not taken away.
        kept = {column: cell for column, cell in row.items() if column.startswith("user_")}
        password = kept.pop("user_password", "")
        _upsert(self.users, name, kept | ({"user_password": "set"} if password else {}))
        return None

    def _take_group(self, row: Row) -> str | None:
        name = row["group_name"]
        if wrong := problem(row, ("group_name",)):
            return wrong
        if wrong := self._wrong_organization(row, "group_organizationId", known=name in self.groups, of="group"):
            return wrong
        _upsert(self.groups, name, {column: cell for column, cell in row.items() if column.startswith("group_")})
        return None

    def _take_organization(self, row: Row) -> str | None:
        name = row.get("hierarchy_organizationId") or f"organization-{len(self.organizations) + 1}"
        parent = row.get("hierarchy_parentOrganizationId") or ROOT
        if not self._knows_organization(parent):
            return 'Field "hierarchy_parentOrganizationId" names no organization.'
        level, above = 1, parent
        while above != ROOT and level <= _DEEPEST and above != name:
            level, above = level + 1, self.organizations[above].get("hierarchy_parentOrganizationId", ROOT)
        if above != ROOT or level > _DEEPEST:
            return f'Field "hierarchy_parentOrganizationId" makes a ring or more than {_DEEPEST} levels.'
        _upsert(self.organizations, name, {**row, "hierarchy_organizationId": name})
        return None

    def _take_link(self, row: Row) -> str | None:
        if wrong := problem(row, ("user_username", "group_name", "group_role")):
            return wrong
        if row["user_username"] not in self.users:
            return 'Field "user_username" names no user.'
        return self._link(row)

    def _take_new_link(self, row: Row) -> str | None:
        if wrong := problem(row, ("user_username", "group_name", "group_role")):
            return wrong
        if row["group_name"] not in self.groups:
            return 'Field "group_name" names no group.'
        return self._take_user(row) or self._link(row)

    def _link(self, row: Row) -> str | None:
        if row["group_name"] not in self.groups:
            return 'Field "group_name" names no group.'
        self.links[row["user_username"], row["group_name"]] = row["group_role"]
        return None

    def _take_session(self, row: Row) -> str | None:
        subject = "session_batteryId" if "session_batteryId" in row else "session_deliveryId"
        if wrong := problem(row, (subject, "group_name", "session_name")):
            return wrong
        brings_its_group = any(column.startswith("group_") and column != "group_name" for column in row)
        if brings_its_group:
            if wrong := self._take_group(row):
                return wrong
        elif row["group_name"] not in self.groups:
            return 'Field "group_name" names no group.'
        self.sessions.append(dict(row))
        return None

    def _wrong_organization(self, row: Row, column: str, *, known: bool, of: str) -> str | None:
        given = row.get(column)
        if self._with_organizations and not given and (not known or given is not None):
            return f'Field "{column}" is required for new {of}.' if not known else f'Field "{column}" is required.'
        if given and not self._knows_organization(given):
            return f'Field "{column}" names no organization.'
        return None

    def _knows_organization(self, name: str) -> bool:
        return name == ROOT or name in self.organizations


def _upsert(table: dict[str, dict[str, str]], key: str, row: Row) -> None:
    """A column that is absent keeps what stands there; a cell that is blank removes it."""
    entry = table.setdefault(key, {})
    for column, cell in row.items():
        if cell:
            entry[column] = cell
        else:
            entry.pop(column, None)
