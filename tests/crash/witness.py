"""Looks into the ledger at the very moment at which something has reached the remote.

Times cannot prove that a commit came first: an event carries the time at which it was handed in, before it was
durable. Here a second connection, which sees what is committed and nothing else, has to find it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.ledger import ask, ledger_of
from crash.sides import Side, is_whole

_INTENTS = """
SELECT events.event, json_extract(detail, '$.held') FROM events JOIN jobs ON jobs.id = events.job
WHERE jobs.name = ? AND event IN ('SendStarted', 'TailReleased') ORDER BY events.id
"""
_TOKENS = """
SELECT 1 FROM events WHERE event IN ('Accepted', 'Resolved') AND json_extract(detail, '$.token') = ?
"""


@dataclass(kw_only=True)
class Witness:
    out: Path
    unforeseen: list[str] = field(default_factory=list)
    """What had reached the remote before the ledger could be seen to hold it, with the number of its invariant."""
    seen: int = 0
    _sends: Counter[str] = field(default_factory=Counter)

    def entry(self, entry: Mapping[str, Any], side: Side) -> None:
        """Of the sandbox's record; an upload that it did not read to its end has no Name there."""
        if entry["kind"] == "upload" and is_whole(entry):
            self.upload(side.name_of(entry))
        elif entry["kind"] in ("poll", "result") and entry["token"]:
            self.look(entry["token"])

    def upload(self, name: str) -> None:
        """It has arrived whole."""
        self.seen += 1
        self._sends[name] += 1
        intents = self._ask(_INTENTS, name)
        started = [bool(held) for event, held in intents if event == "SendStarted"]
        if len(started) < self._sends[name]:
            self.unforeseen.append(f"2 write-ahead: send {self._sends[name]} of {name} came before its intent")
        elif started[-1] and intents[-1][0] != "TailReleased":
            self.unforeseen.append(f"2 write-ahead: the tail of send {self._sends[name]} of {name} was not let go")

    def look(self, token: str) -> None:
        self.seen += 1
        if not self._ask(_TOKENS, token):
            self.unforeseen.append(f"3 durable tokens: {token} was asked for before the ledger held it")

    def _ask(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        return ask(self.out, query, *values) if ledger_of(self.out).exists() else []
