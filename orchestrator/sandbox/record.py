"""The authoritative record: what arrived, what it did, what was answered.

It never holds the client secret, the API key, a bearer token or a cell of the data.
"""

from __future__ import annotations

import json
import time
from collections import Counter, deque
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


class Record:
    """One JSON line per request, in the order in which they took effect, and one when a request is held.

    Every entry has `seq` (from 1), `time` (Unix), `kind` and `fault` (the kind of fault that it met, or
    null), and all but those of kind `held` have `status`. Those that the API knows have a `note`. The kinds are

    - `upload`: `outcome`, `applied`, and what the API tells. Outcomes: `accepted`; `conflict` (a token was
      given, but nothing will come of it); `refused`; `incomplete` (the body never arrived whole);
      `dropped_before`; `dropped_after`. `applied` is true exactly when the remote has taken it in.
    - `token`: `note` is the OAuth error, if any
    - `poll` and `result`: what was asked about
    - `held`: `endpoint`, `name`: from now on a request is kept waiting
    - `other`: `path`

    Every upload has a `name` and the `token` that was given for it, every read the `token` that it was about, a
    poll the `state` that was told, and a result its `data_key`. The Platform tells more of an upload:
    `overwrite`, `data_sha256`, `events_sha256`, `data_rows` and `replaced`; TAO, whose name is the file's and
    whose token is the reference: `sha256` and `rows`; Endgrate, whose name is the endgrate type and whose token
    is the transfer: `direction`, `records`, `sha256` (of the records as canonical JSON: UTF-8, keys in order, no
    spaces), and how many of them were `new`, `updated` and `appended` for want of a key.

    `status` is null when no answer was sent; what does not apply or was not understood is null, too.
    """

    def __init__(self, log: Path | None = None, keep: int | None = None) -> None:
        self.entries: deque[Entry] = deque(maxlen=keep)
        self.faults: Counter[str] = Counter()
        self._seq = 0
        self._log = log.open("ab", buffering=0) if log else None

    def add(self, kind: str, *, fault: str | None = None, **fields: object) -> None:
        self._seq += 1
        entry = {"seq": self._seq, "time": time.time(), "kind": kind, "fault": fault, **fields}
        if fault is not None and kind != "held":
            self.faults[fault] += 1
        self.entries.append(entry)
        if self._log is not None:
            self._log.write(json.dumps(entry).encode() + b"\n")

    def of(self, kind: str) -> list[Entry]:
        """The entries of one kind, oldest first."""
        return [entry for entry in self.entries if entry["kind"] == kind]

    def close(self) -> None:
        if self._log is not None:
            self._log.close()
