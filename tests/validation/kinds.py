"""A few right rows of every kind that is known by name, and of one that uses every word of the vocabulary."""

from __future__ import annotations

import random

from orchestrator.config.schemas import built_in, built_in_names
from orchestrator.validation import Schema, read_schema
from validation.samples import EVENT, EVENTS_HEADER, HEADER, OTHER, ROW, lines

SHIFTS = read_schema(
    {
        "fieldsMatch": "superset",
        "primaryKey": ["Id", "Day"],
        "fields": [
            {"name": "Id", "constraints": {"pattern": "[A-Z][0-9]+", "maxLength": 6, "minLength": 2}},
            {"name": "Day", "type": "date", "constraints": {"minimum": "2020-01-01", "maximum": "2029-12-31"}},
            {"name": "From", "type": "time", "format": "%H.%M", "constraints": {"required": True}},
            {"name": "To", "type": "time", "format": "%H.%M"},
            {"name": "Seen", "type": "datetime", "format": "%Y-%m-%dT%H:%M:%S%z", "constraints": {"unique": True}},
            {"name": "Hours", "type": "number", "constraints": {"minimum": 0, "maximum": 24, "severity": "warning"}},
            {"name": "Break", "type": "integer", "constraints": {"minimum": -5}},
            {"name": "Paid", "type": "boolean"},
            {"name": "Tags", "type": "list", "delimiter": "|", "constraints": {"enum": ["a", "b"]}},
            {"name": "More", "type": "object"},
            {"name": "Site", "constraints": {"enum": ["Nord", "Süd"], "severity": "warning"}},
            {"name": "note_*"},
        ],
        "checks": [
            {"left": ["To"], "is": ">=", "right": ["From"]},
            {"left": ["Id"], "is": "!=", "right": ["Site"], "severity": "warning"},
        ],
    },
    "shifts",
)
PLAIN = read_schema(
    {
        "fields": [
            {"name": "Day", "type": "date"},
            {"name": "At", "type": "datetime"},
            {"name": "Count", "type": "integer", "constraints": {"required": True}},
            {"name": "Yes", "type": "boolean"},
            {"name": "Site", "constraints": {"enum": ["Nord", "Süd", "N"]}},
            {"name": "Note"},
        ]
    },
    "plain",
)
"""One whose rows can be proven clean at once, with cells that may be empty."""
COUNTS = read_schema(
    {
        "primaryKey": ["No", "At"],
        "fields": [
            {"name": "No", "type": "integer"},
            {"name": "At", "type": "time", "format": "%H:%M[:%S]"},
            {"name": "Rate", "type": "number", "constraints": {"unique": True}},
            {"name": "Note"},
        ],
    },
    "counts",
)
"""One whose keys are values, of which rows that are written otherwise may be the same."""

_SESSION = "session_name,group_name,session_timezone,session_startDate,session_endDate,session_readAloud"
_TIMES = 'Europe/Paris,2024-07-01T09:00:00Z,2024-07-02T09:00:00Z,"en,fr"'

FILES: dict[str, list[str]] = {
    "platform.data": [HEADER, ROW, OTHER, ROW.replace("N1", '"N ""3"", ü"')],
    "platform.events": [
        EVENTS_HEADER,
        EVENT,
        EVENT.replace("late", '"by\r\n5"'),
        EVENT.replace("late", '"a ""b"", c"'),
    ],
    "endgrate.records": ["id,first name,note", "1,Zoë,", "2,Al,x", '3,"A ""B""",'],
    "tao.users": [
        "user_username,user_email,user_active,user_role,user_externalId,user_metadata_site",
        'zoe,z@x.org,TRUE,ADMIN|SUPPORT,"{""google"": ""1""}",Nord',
        "al,a@x.org,0,OTHER,,",
        "bo,b.x.org,1,ADMIN,,Süd",
    ],
    "tao.groups": ["group_name,group_active,group_metadata_size", "Nord,TRUE,3", "Süd,1,", '"A ""B""",false,9'],
    "tao.organizations": [
        "hierarchy_organizationId,hierarchy_organizationName,hierarchy_parentOrganizationId",
        "o1,One,",
        "o2,Two,o1",
        "o3,New,o2",
    ],
    "tao.organizations.new": ["hierarchy_organizationName,hierarchy_parentOrganizationId", "One,", "New,o2"],
    "tao.links.new_user": [
        "user_username,user_password,group_role,group_name",
        "zoe,Secret-12,GRADER,Nord",
        "zoe,Secret-12,TEST_TAKER,Nord",
        "al,weak,OTHER,Süd",
    ],
    "tao.links.existing_user": [
        "group_role,user_username,group_name",
        "GRADER,zoe,Nord",
        "GRADER,zoe,Süd",
        "X,al,Nord",
    ],
    "tao.sessions.delivery.existing_groups": [
        f"session_deliveryId,{_SESSION}",
        f"d1,One,Nord,{_TIMES}",
        f"d2,Two,Süd,{_TIMES}",
    ],
    "tao.sessions.battery.existing_groups": [
        f"session_batteryId,{_SESSION}",
        f"b1,One,Nord,{_TIMES}",
        f"b2,Two,,{_TIMES}",
    ],
    "tao.sessions.delivery.new_groups": [f"session_deliveryId,group_active,{_SESSION}", f"d1,TRUE,One,Nord,{_TIMES}"],
    "tao.sessions.battery.new_groups": [f"session_batteryId,group_description,{_SESSION}", f"b1,,One,Nord,{_TIMES}"],
    "shifts": [
        "Id,Day,From,To,Seen,Hours,Break,Paid,Tags,More,Site,note_a",
        "A1,2024-02-29,09.00,17.30,2024-02-29T17:30:00Z,8.5,1,true,a|b,{},Nord,x",
        'A1,2024-03-01,09.00,,2024-03-01T09:00:00+02:00,25,-5,0,,"{""a"": 1}",West,',
        "B22,2024-03-01,22.00,23.00,,.5,+3,1,b,,,ok",
    ],
    "counts": [
        "No,At,Rate,Note",
        "1,09:00,1.5,x",
        "01,09:00:00,2,x",
        "2,09:00,1.50,",
        "+2,09:01,,",
        "3,24:00,2.0,y",
        '03,09:00,2e0,"y"',
        "4,09:00,-3,-a",
    ],
    "plain": [
        "Day,At,Count,Yes,Site,Note",
        "2024-02-29,2024-02-29T17:30:00Z,12,true,N,x",
        ",,0,,,",
        '2024-03-01,,-3,0,Süd,"a, b"',
        ",,1,,,=1+1",
        ",,2,,,+49 170/12-3",
        ',,3,,,"-A1"',
    ],
}
"""Header and rows; not all of these rows are without a warning."""

KINDS: dict[str, Schema] = {name: built_in(name) for name in built_in_names()} | {
    "shifts": SHIFTS,
    "counts": COUNTS,
    "plain": PLAIN,
}


def some_file(name: str, rng: random.Random) -> bytes:
    header, *rows = FILES[name]
    return lines(header, *rng.choices(rows, k=rng.choice((1, 3, 6))), end=rng.choice(("\n", "\r\n"))).encode()
