"""The far side as the checker sees it: what arrived there, what stands there, what it has to give for a token."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from crash.evidence import Send, Standing
from crash.push import PushRemote
from orchestrator.sandbox import Sandbox
from orchestrator.sandbox.platform import result_ids

Entry = Mapping[str, Any]
"""Of the sandbox's record."""

TOO_LARGE = 413
_REFUSALS = {400, TOO_LARGE, 422}
"""A conflict is none: it says that the Name is taken, maybe by what we sent before."""


class Side(Protocol):
    def name_of(self, upload: Entry) -> str:
        """The Name of what arrived, which has arrived whole."""
        ...

    def sends(self) -> list[Send]: ...

    def standing(self) -> dict[str, Standing]:
        """By Name."""
        ...

    def requests(self) -> int: ...


def is_whole(upload: Entry) -> bool:
    """Whether the remote read it to the end; not so one that it turned away unread for its bearer token."""
    return upload["status"] == TOO_LARGE or (upload["name"] is not None and upload["status"] != 401)


def is_refused(upload: Entry) -> bool:
    return upload["fault"] == "fail" or upload["status"] in _REFUSALS


def requests_to(remote: Sandbox) -> int:
    return sum(entry["kind"] != "held" for entry in remote.record.entries)


class PlatformSide:
    def __init__(self, remote: Sandbox) -> None:
        self._remote = remote

    def name_of(self, upload: Entry) -> str:
        return str(upload["name"])

    def sends(self) -> list[Send]:
        return [
            Send(
                at=entry["time"],
                name=entry["name"],
                overwrite=bool(entry["overwrite"]),
                digests=(entry["data_sha256"], entry["events_sha256"]),
                token=entry["token"],
                taken=entry["token"] is not None,
                fault=entry["fault"],
                refused=is_refused(entry),
                served=_served(entry),
            )
            for entry in self._remote.record.of("upload")
            if is_whole(entry)
        ]

    def standing(self) -> dict[str, Standing]:
        return {
            name: Standing(digests=(d.data_sha256, d.events_sha256), copies=d.copies, token=d.token)
            for name, d in self._remote.datasets.items()
        }

    def requests(self) -> int:
        return requests_to(self._remote)


def _served(entry: Entry) -> dict[str, bytes]:
    token, name = entry["token"], entry["name"]
    if token is None:
        return {}
    if entry["fault"] == "fail":
        return {"feedback.txt": f"0|{name}|Processing failed".encode()}
    if entry["outcome"] == "conflict":
        return {"feedback.txt": f"0|{name}|A submission with this name already exists".encode()}
    return {"feedback.txt": b"", "tableofresultids.json": json.dumps(result_ids(token, entry["data_rows"])).encode()}


class PushSide:
    """Of the stand-in, which keeps a record of its own."""

    def __init__(self, push: PushRemote) -> None:
        self._push = push

    def name_of(self, upload: Entry) -> str:
        raise AssertionError("it tells the witness itself")

    def sends(self) -> list[Send]:
        return [
            Send(
                at=pushed.at,
                name=pushed.name,
                overwrite=pushed.key is not None,
                digests=pushed.digests,
                token=None,
                taken=pushed.is_taken,
                fault=None if pushed.answer == "taken" else pushed.answer,
                refused=pushed.answer == "refused",
                served={},
            )
            for pushed in self._push.log
        ]

    def standing(self) -> dict[str, Standing]:
        return {
            pushed.name: Standing(digests=pushed.digests, copies=self._push.copies(pushed.name), token=None)
            for pushed in self._push.standing
        }

    def requests(self) -> int:
        return len(self._push.log)
