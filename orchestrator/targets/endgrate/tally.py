"""The records of a pull, held against what its statistics count: what is missing, and what cannot be right. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orchestrator.model import Completed, Failed
from orchestrator.targets.endgrate.answers import ALL, NONE, Counts

_IDS_LIMIT = 1_000_000
"""Ids that are remembered, some 60 bytes each: of more records than that those beyond are held against these only."""


class Tally:
    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._ids: set[int] = set()
        self.records = 0
        self.repeated = 0
        """Records whose id came before. Where pages overlap, others fall between them."""
        self.without_data = 0
        """Records whose fields are not there, or are no fields."""

    def add(self, items: Iterable[Mapping[str, Any]]) -> None:
        for item in items:
            self.records += 1
            self.without_data += not isinstance(item.get("data"), dict)
            if isinstance(told := item.get("id"), str | int):
                digest = hash(told)  # of 64 bits: none shares it with another
                self.repeated += digest in self._ids
                if len(self._ids) < _IDS_LIMIT:
                    self._ids.add(digest)

    @property
    def missing(self) -> int:
        return max(self._counts.records - self.records, 0)

    @property
    def surplus(self) -> int:
        return max(self.records - self._counts.told, 0)

    @property
    def unclear(self) -> int:
        """Records with which something is wrong, although none is said to be."""
        return self.surplus + self.repeated + self.without_data

    def verdict(self, *, is_marked: bool, remarks: Sequence[str]) -> Completed | Failed:
        """*is_marked*: the remote says that there were errors."""
        told = [
            f"of {self._counts.records} records {self.missing} did not get through" if self.missing else "",
            f"there are {self.surplus} records more than its statistics count" if self.surplus else "",
            f"{self.repeated} records have an id that came before, so others may be missing" if self.repeated else "",
            f"{self.without_data} records hold no data" if self.without_data else "",
        ]
        told = [*filter(None, told), *remarks]
        if self._counts.word == NONE and self.missing:
            return Failed("; ".join(["the remote says that no record got through", *remarks]))
        if not self.missing and (is_marked or self._counts.word != ALL):
            return Failed("; ".join(["the remote says that there were errors, and not with which records", *told]))
        return Completed(cause="; ".join(told), refused=self.missing, unknown=self.unclear)
