"""A folder of files of every kind that TAO imports, the program, and a TAO in this process."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from cli.stage import Stage
from orchestrator.sandbox import Fault, Profile, TaoKnobs, serve

CONFIG = """
[input]
folder = "inbox"
settle = 0

[output]
folder = "out"

[target]
kind = "tao"
base_url = "{base_url}"
client_id = "{client_id}"

[polling]
first = 0.02
factor = 1.0
cap = 0.05
"""
MEMBER, GROUP = "member", "night"
"""A user and a group that TAO has already."""


def table(header: str, *rows: str) -> str:
    return "\r\n".join([header, *rows])


def users(first: int, count: int) -> str:
    rows = (f"user{number},Secret-{number},User {number}" for number in range(first, first + count))
    return table("user_username,user_password,user_name", *rows)


def sessions(first: int, count: int) -> str:
    rows = (f"delivery{number},session{number},{GROUP}" for number in range(first, first + count))
    return table("session_deliveryId,session_name,group_name", *rows)


UPSERTS = {
    "groups.csv": table("group_name,group_active", "north,TRUE", "south,FALSE"),
    "links.csv": table("user_username,group_name,group_role", f"{MEMBER},{GROUP},GRADER"),
    "new_links.csv": table(
        "user_username,user_password,group_name,group_role", f"newcomer,Secret-1,{GROUP},TEST_TAKER"
    ),
    "organizations.csv": table("hierarchy_organizationId,hierarchy_organizationName", "o1,One", "o2,Two"),
    "users.csv": users(1, 3),
}
ADDITIONS = {
    "new_organizations.csv": table("hierarchy_organizationName", "Three"),
    "sessions.csv": sessions(1, 2),
}
"""What is imported a second time is there a second time."""
FILES = {**UPSERTS, **ADDITIONS}


class Importing(Stage):
    @property
    def standing(self) -> dict[str, Counter[str]]:
        """How often everything stands in the Portal that was not there before."""
        portal = self.remote.portal
        return {
            "users": Counter(name for name in portal.users if name != MEMBER),
            "groups": Counter(name for name in portal.groups if name != GROUP),
            "organizations": Counter(each["hierarchy_organizationName"] for each in portal.organizations.values()),
            "links": Counter(f"{user} {group} {role}" for (user, group), role in portal.links.items()),
            "sessions": Counter(session["session_name"] for session in portal.sessions),
        }


ALL_OF_IT = {
    "users": Counter(["newcomer", "user1", "user2", "user3"]),
    "groups": Counter(["north", "south"]),
    "organizations": Counter(["One", "Two", "Three"]),
    "links": Counter(["member night GRADER", "newcomer night TEST_TAKER"]),
    "sessions": Counter(["session1", "session2"]),
}
"""What `FILES` lead to."""


@asynccontextmanager
async def importing(
    root: Path,
    files: Mapping[str, str],
    *faults: Fault,
    profile: Profile | None = None,
    seed: int = 1,
    **knobs: Any,
) -> AsyncIterator[Importing]:
    profile = profile or Profile(job_base=0.0, script=faults, tao=TaoKnobs(**knobs))
    async with serve(profile, "tao", seed=seed) as remote:
        remote.portal.users[MEMBER] = {}
        remote.portal.groups[GROUP] = {}
        stage = Importing(root, remote)
        stage.config.write_text(CONFIG.format(base_url=remote.base_url, client_id=remote.client_id))
        del stage.secrets["ORCHESTRATOR_TARGET__API_KEY"]
        for name, text in files.items():
            (stage.folder / name).write_text(text, newline="")
        yield stage
