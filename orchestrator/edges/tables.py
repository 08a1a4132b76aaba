"""The ledger's tables, and the statements of the one who writes them."""

from __future__ import annotations

SCHEMA_VERSION = "6"

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE jobs (
    id            INTEGER PRIMARY KEY,
    key           TEXT NOT NULL,
    version       INTEGER NOT NULL,
    name          TEXT NOT NULL,
    path          TEXT NOT NULL,
    state         TEXT NOT NULL,
    cause         TEXT NOT NULL,
    data_sha256   TEXT,
    events_sha256 TEXT,
    size          INTEGER,
    checked       TEXT,
    rules         TEXT NOT NULL,
    attempts      INTEGER NOT NULL,
    token         TEXT,
    accepted_at   REAL,
    owns          INTEGER NOT NULL,
    overwrote     INTEGER NOT NULL,
    repeats       INTEGER NOT NULL,
    held          INTEGER NOT NULL DEFAULT 0,
    sent_at       REAL,
    lost_at       REAL,
    refused       INTEGER NOT NULL DEFAULT 0,
    parts         INTEGER NOT NULL DEFAULT 0,
    part          TEXT,
    mends_sha256  TEXT,
    unknown       INTEGER NOT NULL DEFAULT 0,
    updated_at    REAL NOT NULL,
    UNIQUE (key, version)
);
CREATE INDEX jobs_by_path ON jobs (path);
CREATE INDEX jobs_by_token ON jobs (token) WHERE token IS NOT NULL;
CREATE INDEX jobs_open ON jobs (id) WHERE state IN ('found', 'ready', 'sending', 'waiting', 'in_doubt');
CREATE TABLE events (
    id     INTEGER PRIMARY KEY,
    job    INTEGER NOT NULL,
    at     REAL NOT NULL,
    run    TEXT NOT NULL,
    event  TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX events_by_job ON events (job);
-- The newest version of each file that was done while no run has told of it.
CREATE TABLE untold (key TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE results (
    job    INTEGER NOT NULL,
    key    TEXT NOT NULL,
    suffix TEXT NOT NULL,
    size   INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    body   BLOB,
    PRIMARY KEY (job, key)
) WITHOUT ROWID;
"""

UPGRADES = {
    "1": """
ALTER TABLE jobs ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN sent_at REAL;
ALTER TABLE jobs ADD COLUMN lost_at REAL;
CREATE INDEX jobs_by_token ON jobs (token) WHERE token IS NOT NULL;
UPDATE meta SET value = '2' WHERE key = 'schema';
""",
    "2": """
ALTER TABLE jobs ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN parts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN part TEXT;
UPDATE meta SET value = '3' WHERE key = 'schema';
""",
    "3": """
ALTER TABLE jobs ADD COLUMN mends_sha256 TEXT;
UPDATE meta SET value = '4' WHERE key = 'schema';
""",
    "4": """
UPDATE meta SET value = '5' WHERE key = 'schema';
""",
    "5": """
ALTER TABLE jobs ADD COLUMN unknown INTEGER NOT NULL DEFAULT 0;
CREATE TABLE untold (key TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
UPDATE meta SET value = '6' WHERE key = 'schema';
""",
}
"""What turns a ledger of an earlier version into one of the next."""

JOB_COLUMNS = (
    "key, version, name, path, state, cause, data_sha256, events_sha256, size, checked, rules, attempts, "
    "token, accepted_at, owns, overwrote, repeats, held, sent_at, lost_at, refused, parts, part, mends_sha256, unknown"
)

UPSERT_JOB = (
    f"INSERT INTO jobs ({JOB_COLUMNS}, updated_at) VALUES ({','.join('?' * 26)}) "
    "ON CONFLICT (key, version) DO UPDATE SET state = excluded.state, cause = excluded.cause, "
    "checked = excluded.checked, rules = excluded.rules, attempts = excluded.attempts, "
    "token = excluded.token, accepted_at = excluded.accepted_at, owns = excluded.owns, "
    "overwrote = excluded.overwrote, repeats = excluded.repeats, held = excluded.held, "
    "sent_at = excluded.sent_at, lost_at = excluded.lost_at, refused = excluded.refused, parts = excluded.parts, "
    "unknown = excluded.unknown, updated_at = excluded.updated_at"
)
_ITS_JOB = "(SELECT id FROM jobs WHERE key = ? AND version = ?)"
INSERT_EVENT = f"INSERT INTO events (job, at, run, event, detail) VALUES ({_ITS_JOB}, ?, ?, ?, ?)"
INSERT_RESULT = (
    f"INSERT OR REPLACE INTO results (job, key, suffix, size, sha256, body) VALUES ({_ITS_JOB}, ?, ?, ?, ?, ?)"
)

INSERT_UNTOLD = "INSERT OR REPLACE INTO untold VALUES (?, ?)"
DELETE_UNTOLD = "DELETE FROM untold"

SELECT_NEWEST = f"SELECT {JOB_COLUMNS} FROM jobs WHERE key = ? ORDER BY version DESC LIMIT 1"
SELECT_VERSIONS = f"SELECT {JOB_COLUMNS} FROM jobs WHERE key = ? ORDER BY version"
SELECT_UNTOLD = "SELECT key, version FROM untold"
SELECT_SHARED = (
    "SELECT token FROM jobs WHERE token IS NOT NULL AND state IN ('waiting', 'in_doubt', 'done') "
    "GROUP BY token HAVING count(*) > 1"
)
SELECT_HOLDER = f"SELECT {JOB_COLUMNS} FROM jobs WHERE token = ? LIMIT 1"
SELECT_OF_RUN = "SELECT 1 FROM events WHERE run = ? ORDER BY id DESC LIMIT 1"
SELECT_UNDER_WAY = """
SELECT 1 FROM jobs WHERE token IS NOT NULL OR repeats OR state NOT IN ('rejected', 'superseded', 'failed') LIMIT 1"""
SELECT_MAY_BE_THERE = """
SELECT 1 FROM jobs WHERE token IS NOT NULL OR repeats OR lost_at IS NOT NULL
OR state NOT IN ('found', 'ready', 'rejected') LIMIT 1"""
SELECT_NEWEST_EVENT = "SELECT max(id) FROM events"
SELECT_DURATIONS = """
SELECT size, seconds FROM (
    SELECT done.id, jobs.size, done.at - jobs.accepted_at AS seconds
    FROM events done JOIN jobs ON jobs.id = done.job
    JOIN events accepted ON accepted.job = done.job AND accepted.run = done.run
    WHERE done.event = 'Completed' AND accepted.event = 'Accepted' AND jobs.size > 0 ORDER BY done.id DESC LIMIT 1000
) WHERE seconds >= 0 ORDER BY id
"""
SELECT_OPEN = (
    f"SELECT {JOB_COLUMNS} FROM jobs WHERE state IN ('found', 'ready', 'sending', 'waiting', 'in_doubt') ORDER BY id"
)
SELECT_RESULTS = (
    f"SELECT {', '.join(f'jobs.{column}' for column in JOB_COLUMNS.split(', '))}, r.key, r.suffix, r.size, r.sha256 "
    "FROM results r JOIN jobs ON jobs.id = r.job ORDER BY jobs.key, jobs.version DESC"
)

_RESULTS_OF_JOBS = "FROM results r JOIN jobs ON jobs.id = r.job WHERE jobs.key = ?"
SELECT_BODY = f"SELECT r.body {_RESULTS_OF_JOBS} AND jobs.version = ? AND r.key = ?"
SELECT_EARLIER = f"SELECT max(jobs.version) {_RESULTS_OF_JOBS} AND jobs.version < ?"
SELECT_FILES = f"SELECT r.key || r.suffix {_RESULTS_OF_JOBS} AND jobs.version = ?"
