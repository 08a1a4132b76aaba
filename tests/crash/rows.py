"""TAO and Endgrate, which keep rows and know nothing of files: whose rows are whose is found out by what is in them."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cli.pushes import TYPE
from cli.rosters import Table
from crash.contents import PASSWORD
from crash.evidence import Send, Standing
from crash.sides import TOO_LARGE, Entry, is_refused, is_whole, requests_to
from orchestrator.sandbox import Sandbox

STRANGERS = "rows of no file"

Submission = tuple[str, Table]
"""A Name, and what is sent under it."""


@dataclass(frozen=True, kw_only=True)
class RowSide(ABC):
    remote: Sandbox
    replaces: bool
    """A row that comes a second time takes the place of the first."""
    known: Iterable[Submission]
    """All that may come."""
    _by_digest: dict[str, Submission] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_digest.update({self._digest(table): (name, table) for name, table in self.known})

    @abstractmethod
    def _digest(self, table: Table) -> str:
        """As the remote's record tells it of what was sent."""

    @abstractmethod
    def _rows(self) -> Counter[str]:
        """What stands there, as the rows that it came in."""

    @abstractmethod
    def _served(self, upload: Entry, name: str, table: Table) -> dict[str, bytes]:
        """What it has to give for the token of this, by file name."""

    def name_of(self, upload: Entry) -> str:
        return self._submission(upload)[0]

    def _submission(self, upload: Entry) -> tuple[str, Table | None]:
        if upload["status"] == TOO_LARGE:  # it was not looked into
            return max(self._by_digest.values(), key=lambda each: len(each[1].source))
        return self._by_digest.get(upload["sha256"], (f"what nobody sent: {upload['sha256']}", None))

    def sends(self) -> list[Send]:
        return [self._send(entry) for entry in self.remote.record.of("upload") if is_whole(entry)]

    def _send(self, entry: Entry) -> Send:
        name, table = self._submission(entry)
        return Send(
            at=entry["time"],
            name=name,
            overwrite=self.replaces,
            digests=(table.sha256 if table else entry["sha256"], None),
            token=entry["token"],
            taken=entry["token"] is not None and entry["fault"] != "fail",
            fault=entry["fault"],
            refused=is_refused(entry),
            served=self._served(entry, name, table) if table and entry["token"] else {},
        )

    def standing(self) -> dict[str, Standing]:
        rows, found = self._rows(), dict[str, Standing]()
        taken = [send for send in self.sends() if send.taken and send.fault != "stuck"]
        for send in {send.name: send for send in taken}.values():
            table = next((table for _, table in self._by_digest.values() if table.sha256 == send.digests[0]), None)
            copies = [rows.pop(row, 0) for row in _good(table)] if table else []
            is_there = bool(copies) and min(copies) > 0
            digests = send.digests if is_there else ("a part of it", None)
            found[send.name] = Standing(digests=digests, copies=max(copies, default=0), token=send.token)
        if rows:
            found[STRANGERS] = Standing(digests=(None, None), copies=0, token=None)
        return found

    def requests(self) -> int:
        return requests_to(self.remote)


def _good(table: Table) -> list[str]:
    return [row for nth, row in enumerate(table.rows) if nth not in table.bad]


class TaoSide(RowSide):
    def _digest(self, table: Table) -> str:
        return table.sha256

    def _rows(self) -> Counter[str]:
        portal = self.remote.portal
        users = [user for user in portal.users.values() if user]  # one that was there before has no cells
        rows = (f"{user['user_username']},{PASSWORD},{user['user_name']}" for user in users)
        return Counter([*rows, *(",".join(session.values()) for session in portal.sessions)])

    def _served(self, upload: Entry, name: str, table: Table) -> dict[str, bytes]:
        rows = _good(table)
        if upload["fault"] == "fail":
            told = {"status": "failed", "fileLine": 0, "messages": ["Unable to process the file."]}
            return {"status.json": json.dumps({"result": told}).encode()}
        told = {"status": "processed", "fileLine": len(rows), "messages": []}
        lines = [f"{table.header},status,errorType,errorCode,errorMessage", *(f"{row},processed,,," for row in rows)]
        return {
            "status.json": json.dumps({"result": told}).encode(),
            "result.csv": "".join(line + "\n" for line in lines).encode(),
        }


class EndgrateSide(RowSide):
    def _digest(self, table: Table) -> str:
        """Of the records as canonical JSON, the row's own key being the id."""
        items = [self._record(row) for row in _good(table)]
        text = json.dumps(items, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def _record(self, row: str) -> dict[str, Any]:
        key, name, city = row.split(",")
        data = {"id": key, "name": name, "address": {"city": city}}
        return {"data": data, "internal_id": key} if self.replaces else {"data": data}

    def _rows(self) -> Counter[str]:
        stored = [record.data for record in self.remote.provider.records[TYPE].values()]
        return Counter(f"{data['id']},{data['name']},{data['address']['city']}" for data in stored)

    def _served(self, upload: Entry, name: str, table: Table) -> dict[str, bytes]:
        rows = _good(table)
        fails = upload["fault"] == "fail"
        transfer = next(each for each in self.remote.transfers if each.id == upload["token"])
        through = 0 if fails else len(rows)
        counts = {
            "batch_size": 100,
            "records": len(rows),
            "batches": 1,
            "batches_queued": 0,
            "batches_success": int(not fails),
            "batches_fail": int(fails),
            "records_transferred": through,
            "completed": True,
            "provider": "sandbox",
            "integration": "sandbox",
        }
        told = {
            "method": "EXPORT",
            "completed": True,
            "initiated": transfer.initiated,
            "statistics": {TYPE: counts},
        }
        written = zip(rows[:through], transfer.written, strict=not fails)
        data = [{"id": key, "data": {}, "associations": {}} | self._record(row) for row, (key, _) in written]
        errors = [
            {
                "pk": nth + 1,
                "transfer_id": transfer.id,
                "session_id": self.remote.session_id,
                "timestamp": transfer.initiated,
                "error_resolve_text": _SAYS,
                "error_type": "upstream",
                "resolved": False,
                "endgrate": {"endgrate_type": TYPE},
                "internal_id": self._record(row).get("internal_id"),
                "index": nth,
            }
            for nth, row in enumerate(rows if fails else [])
        ]
        results = {
            "statistics.json": json.dumps(told).encode(),
            "errors.jsonl": _lines(errors),
            "data.jsonl": _lines(data),
        }
        return results | ({"objections.csv": _objections(name, errors)} if errors else {})


_SAYS = "The provider refused the batch of this record."


def _lines(items: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items).encode()


def _objections(name: str, errors: Iterable[Mapping[str, Any]]) -> bytes:
    """What the program makes of them: the header is line 1 of the file."""
    lines = ["row,line,says,column"]
    for error in errors:
        whose = f"internal_id {error['internal_id']}: " if error["internal_id"] else ""
        row = error["index"] + 1
        lines.append(f"{row},{name}.csv:{row + 1},{whose}upstream: {_SAYS},")
    return "".join(line + "\r\n" for line in lines).encode()
