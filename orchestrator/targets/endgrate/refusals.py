"""What is wrong with which record: the errors of a push, read as they come. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from orchestrator.ports import OBJECTIONS_LIMIT, Objection
from orchestrator.validation import ranges_of

_REAUTHENTICATE = (
    "the provider does not let the session in any more: somebody has to open the session's reauthenticate page, which "
    "orchestrator session show prints; then run with --retry-failed"
)


class Refusals:
    def __init__(self, rows: Mapping[str, int]) -> None:
        """*rows* are those that were sent, from 1, by their keys, as far as they are known."""
        self._known = dict(rows)
        self._named: set[int] = set()
        self._keys: set[str] = set()
        self._needs_person = False
        self.objections: list[Objection] = []
        self.has_others = False
        """There are errors that are about no single record."""

    def add(self, items: Iterable[Mapping[str, Any]]) -> None:
        for item in items:
            kind, says = _text(item, "error_type"), _text(item, "error_resolve_text")
            key, index = _key(item), item.get("index")
            self._needs_person |= kind.casefold() == "authentication"
            row = index + 1 if type(index) is int and index >= 0 else self._known.get(key, 0)
            if row:
                self._named.add(row)
                self._known.setdefault(key, row)
            elif key:
                self._keys.add(key)
            else:
                self.has_others = True
            if len(self.objections) < OBJECTIONS_LIMIT:
                whose = f"internal_id {key}" if key else ""
                told = ": ".join(filter(None, (whose, kind, says)))
                self.objections.append(Objection(rows=(row,) if row else (), says=told))

    @property
    def count(self) -> int:
        """Records that they name."""
        return len(self._rows) + len(self._keys - self._known.keys())

    @property
    def rows(self) -> tuple[tuple[int, int], ...]:
        """Those whose numbers they name, as ranges."""
        return ranges_of(self._rows)

    @property
    def _rows(self) -> set[int]:
        """A key may have been named before its number was."""
        return self._named | {self._known[key] for key in self._keys & self._known.keys()}

    @property
    def remark(self) -> str:
        return _REAUTHENTICATE if self._needs_person else ""


def _key(item: Mapping[str, Any]) -> str:
    """As we sent it, whatever JSON made of it."""
    value = item.get("internal_id")
    return str(value) if type(value) is int else value if isinstance(value, str) else ""


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""
