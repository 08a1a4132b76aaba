"""Everything that is put to the contract."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from contract.fakes import FAKES
from contract.remotes import CANARY, RemoteSubject
from contract.stand import Stand
from contract.subject import Subject
from orchestrator.model import Token
from orchestrator.ports import Trace
from orchestrator.sandbox import EndgrateKnobs, Profile, Sandbox
from orchestrator.sandbox.platform.datasets import result_ids
from orchestrator.sandbox.tao import Portal

NOBODY = Token("11111111-2222-4333-8444-555555555555")
_HOURS = "01/07/2024,09:00,01/07/2024,17:00"
_ROSTER = "Reference,StartDate,StartTime,EndDate,EndTime"
_PASSWORD = "Canary-1"  # what a file holds


def _roster(rows: int) -> tuple[str, ...]:
    return (_ROSTER, *(f"{CANARY}-{number},{_HOURS}" for number in range(rows)))


def _of_the_platform(sandbox: Sandbox, stand: Stand) -> Mapping[str, object]:
    token, rows = str(stand.job.token), stand.checked.sheets.data.rows
    return {"feedback": b"", "tableofresultids": json.dumps(result_ids(token, rows)).encode()}


PLATFORM = RemoteSubject(
    name="platform",
    api="platform",
    file=_roster(1),
    many=_roster,
    refused=(*_roster(1), f"{CANARY},02/07/2024,09:00,01/07/2024,17:00"),
    profile=Profile(job_base=0.0, check_order=True, header_counts=False),
    copies=lambda sandbox: sum(dataset.copies for dataset in sandbox.datasets.values()),
    stranger=NOBODY,
    results=_of_the_platform,
    trace=Trace.UNKNOWN,
)


def _users(rows: int) -> tuple[str, ...]:
    return ("user_username,user_password", *(f"{CANARY}-{number},{_PASSWORD}" for number in range(rows)))


def _of_tao(sandbox: Sandbox, stand: Stand) -> Mapping[str, object]:
    rows = stand.checked.sheets.data.rows
    status = {"result": {"status": "processed", "fileLine": rows, "messages": []}}
    header, *lines = _users(rows)
    table = [f"{header},status,errorType,errorCode,errorMessage", *(f"{line},processed,,," for line in lines)]
    return {"status": json.dumps(status).encode(), "result": "".join(f"{line}\n" for line in table).encode()}


def _standing(of: Callable[[Portal], int]) -> Callable[[Sandbox], int]:
    return lambda sandbox: of(sandbox.portal)


TAO = RemoteSubject(
    name="tao",
    api="tao",
    file=_users(1),
    many=_users,
    refused=(*_users(1), f"{CANARY}-of-another,"),
    copies=_standing(lambda portal: len(portal.users)),
    stranger=NOBODY,
    results=_of_tao,
    trace=Trace.REPEATABLE,
)


def _records(rows: int) -> tuple[str, ...]:
    return ("id,name", *(f"{number},{CANARY}" for number in range(rows)))


def _of_endgrate(sandbox: Sandbox, stand: Stand) -> Mapping[str, object]:
    rows = stand.checked.sheets.data.rows
    return {"statistics": [rows], "errors": [], "data": [str(number) for number in range(rows)]}


def _read_of_endgrate(key: str, body: bytes) -> object:
    lines = [json.loads(line) for line in body.splitlines()]
    if key == "statistics":
        return [each["records_transferred"] for line in lines for each in line["statistics"].values()]
    return [line["data"]["id"] for line in lines]


ENDGRATE = RemoteSubject(
    name="endgrate",
    api="endgrate",
    file=_records(1),
    many=_records,
    refused=_records(2),
    refusing={"endgrate": EndgrateKnobs(batch=1, failing=2)},
    copies=lambda sandbox: len(sandbox.provider.records["crm-contact"]),
    stranger=Token("5f0d3a1b2c4d5e6f70819203"),
    results=_of_endgrate,
    read=_read_of_endgrate,
    trace=Trace.REPEATABLE,
    settings={"endgrate_type": "crm-contact", "key": "id"},
    renews=False,
)

UNTRACKED = replace(TAO, name="tao, untracked", settings={"status_path": "", "download_path": ""})

REMOTES = (PLATFORM, TAO, ENDGRATE)
"""A remote of another kind is put to everything by being named here."""
SUBJECTS: tuple[Subject, ...] = (*REMOTES, *FAKES)


def _members(sandbox: Sandbox) -> None:
    sandbox.portal.users["canary-member"] = {}
    sandbox.portal.groups["canary-group"] = {}


Counted = Callable[[Portal], int]
_SESSIONS = (lambda portal: len(portal.sessions), Trace.UNKNOWN)
_TABLES: Mapping[str, tuple[str, str, Counted, Trace]] = {
    "groups": ("group_name", CANARY, lambda portal: len(portal.groups) - 1, Trace.REPEATABLE),
    "organizations with ids": (
        "hierarchy_organizationId,hierarchy_organizationName",
        f"{CANARY},canary",
        lambda portal: len(portal.organizations),
        Trace.REPEATABLE,
    ),
    "organizations without ids": (
        "hierarchy_organizationName",
        CANARY,
        lambda portal: len(portal.organizations),
        Trace.UNKNOWN,
    ),
    "users in groups": (
        "user_username,group_name,group_role",
        "canary-member,canary-group,GRADER",
        lambda portal: len(portal.links),
        Trace.REPEATABLE,
    ),
    "new users in groups": (
        "user_username,user_password,group_name,group_role",
        f"{CANARY},{_PASSWORD},canary-group,GRADER",
        lambda portal: len(portal.links),
        Trace.REPEATABLE,
    ),
    "deliveries": ("session_deliveryId,session_name,group_name", "canary,canary,canary-group", *_SESSIONS),
    "batteries": ("session_batteryId,session_name,group_name", "canary,canary,canary-group", *_SESSIONS),
    "deliveries in new groups": (
        "session_deliveryId,session_name,group_name,group_active",
        f"canary,canary,{CANARY},TRUE",
        *_SESSIONS,
    ),
    "batteries in new groups": (
        "session_batteryId,session_name,group_name,group_active",
        f"canary,canary,{CANARY},TRUE",
        *_SESSIONS,
    ),
}


def _of_kind(name: str) -> RemoteSubject:
    header, row, counted, trace = _TABLES[name]
    return replace(
        TAO, name=f"tao, {name}", file=(header, row), copies=_standing(counted), trace=trace, prepare=_members
    )


_COPYING = Profile(job_base=0.0, on_conflict="accept-new")
WAYS: tuple[Subject, ...] = (
    PLATFORM,
    replace(PLATFORM, name="platform that takes copies", profile=_COPYING),
    replace(PLATFORM, name="platform, overwritten", settings={"overwrite": "true"}, trace=Trace.REPEATABLE),
    *(
        replace(PLATFORM, name=f"platform, {name}", settings=settings, profile=_COPYING, trace=Trace.REPEATABLE)
        for name, settings in (
            ("one writer", {"sole_writer": "true"}),
            ("content-addressed", {"name": "{relative}-{sha12}"}),
        )
    ),
    TAO,
    replace(TAO, name="tao, never again", settings={"resend": "never"}, trace=Trace.UNKNOWN),
    *(_of_kind(name) for name in _TABLES),
    ENDGRATE,
    replace(ENDGRATE, name="endgrate, without keys", settings={"endgrate_type": "crm-contact"}, trace=Trace.UNKNOWN),
    *FAKES,
)
"""Of every remote each way in which a lost answer may be met."""
