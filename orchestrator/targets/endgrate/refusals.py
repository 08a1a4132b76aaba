"""What is wrong with which record: the errors of a push, read as they come. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from orchestrator.ports import OBJECTIONS_LIMIT, Objection
from orchestrator.ranges import Ranges, ranges_of
from orchestrator.targets.endgrate.indexes import Indexes

_REAUTHENTICATE = (
    "the provider does not let the session in any more: somebody has to open the session's reauthenticate page, which "
    "orchestrator session show prints; then run with --retry-failed"
)


class Refusals:
    """A key of ours says for sure which record is meant; an index does so only as far as `Indexes` can tell."""

    def __init__(self, rows: Mapping[str, int], indexes: Indexes | None = None) -> None:
        """*rows* are those that were sent, from 1, by their keys, as far as they are known."""
        self._known = rows
        self._indexes = indexes or Indexes()
        self._rows: set[int] = set()
        self._strangers: dict[str, int | None] = {}
        """Keys of which nobody knows the row, and what index stands beside them."""
        self._bare: set[int] = set()
        """Indexes of errors that tell no key."""
        self._said: list[tuple[str, int | None, str]] = []
        self._needs_person = False
        self.has_others = False
        """There are errors that are about no single record."""

    def add(self, items: Iterable[Mapping[str, Any]]) -> None:
        for item in items:
            if item.get("resolved") is not True:  # what became of a record whose error is over the statistics tell
                self._add(_key(item), _index(item), _text(item, "error_type"), _text(item, "error_resolve_text"))

    def _add(self, key: str, index: int | None, kind: str, says: str) -> None:
        self._needs_person |= kind.lower() == "authentication"
        row = self._known.get(key, 0)
        if index is not None:
            self._indexes.note(index, key, row)
        if row:
            self._rows.add(row)
        elif key:
            self._strangers[key] = self._strangers.get(key) if index is None else index
        elif index is not None:
            self._bare.add(index)
        else:
            self.has_others = True
        if len(self._said) < OBJECTIONS_LIMIT:
            whose = f"internal_id {key}" if key else ""
            self._said.append((key, index, ": ".join(filter(None, (whose, kind, says)))))

    @property
    def count(self) -> int:
        """Records that they name."""
        return len(self._sure) + sum(len(rows) != 1 for rows in self._others)

    @property
    def rows(self) -> Ranges:
        """Those whose numbers are known."""
        return ranges_of(self._sure)

    @property
    def objections(self) -> tuple[Objection, ...]:
        return tuple(Objection(rows=self._meant(key, index), says=says) for key, index, says in self._said)

    @property
    def _sure(self) -> set[int]:
        return self._rows | {rows[0] for rows in self._others if len(rows) == 1}

    @property
    def _others(self) -> list[tuple[int, ...]]:
        """What each error may mean that names a record by no key that is known."""
        return [self._meant(*named) for named in (*self._strangers.items(), *(("", index) for index in self._bare))]

    def _meant(self, key: str, index: int | None) -> tuple[int, ...]:
        if row := self._known.get(key):
            return (row,)
        if index is None or (key and self._known):  # the row with that index has a key that is known, so another one
            return ()
        return self._indexes.rows(index)

    @property
    def remark(self) -> str:
        return _REAUTHENTICATE if self._needs_person else ""


def _key(item: Mapping[str, Any]) -> str:
    """As we sent it, whatever JSON made of it."""
    value = item.get("internal_id")
    return str(value) if type(value) is int else value if isinstance(value, str) else ""


def _index(item: Mapping[str, Any]) -> int | None:
    value = item.get("index")
    return value if type(value) is int and value >= 0 else None


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""
