"""The system behind Endgrate: the records that were pushed to it, and those that it has to give."""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

Item = dict[str, Any]
"""One record as it is pushed: `data`, and perhaps `id`, `internal_id` and `associations`."""

_NAMES = ("Anna", "Bert", "Chloé", "Dagny", "Eliška", "François", "Günther", "Søren")
_FAMILIES = ("Ash", "Birch", "Cedar", "O'Dogwood", "Elm", "Fir", "Größe", 'Haw "Thorn"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A record that stands at the provider; `pushes` counts how often it was written."""

    id: str
    internal_id: str | None
    data: dict[str, Any]
    associations: dict[str, Any]
    pushes: int


class Provider:
    """Records are upserted by their `id` or `internal_id`. One without either is added anew each time it comes,
    so what was pushed twice shows as duplicates."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.records: dict[str, dict[str, Stored]] = defaultdict(dict)
        """By endgrate type and id."""
        self._by_internal: dict[tuple[str, str], str] = {}

    def new_id(self) -> str:
        return f"{self._rng.getrandbits(96):024x}"

    def push(self, endgrate_type: str, item: Item) -> tuple[str, str]:
        """Write a record; its id, and whether it is `new`, `updated` or `appended`."""
        table = self.records[endgrate_type]
        internal = item.get("internal_id")
        known = item.get("id") or self._by_internal.get((endgrate_type, internal or ""))
        key = known or self.new_id()
        before = table.get(key)
        table[key] = Stored(
            id=key,
            internal_id=internal or (before.internal_id if before else None),
            data=item["data"],
            associations=item.get("associations") or {},
            pushes=before.pushes + 1 if before else 1,
        )
        if internal:
            self._by_internal[endgrate_type, internal] = key
        if before:
            return key, "updated"
        return key, "new" if internal or known else "appended"


def supplied(endgrate_type: str, index: int, seed: int) -> Item:
    """The record at this place of what there is to pull: always the same, and made when it is asked for.

    Not all records have all fields, and some have what is awkward in a table: lists, quotes, line breaks.
    """
    digest = hashlib.sha256(f"{seed}/{endgrate_type}/{index}".encode()).digest()
    first, family = _NAMES[digest[0] % len(_NAMES)], _FAMILIES[digest[1] % len(_FAMILIES)]
    data: dict[str, Any] = {"first_name": first, "last_name": family, "number": index}
    if index % 2 == 0:
        data["email_addresses"] = [{"email_address": f"person{index}@example.com", "email_type": "WORK"}]
    if index % 7 == 0:
        data["description"] = f"first line, of {first}\nsecond line"
    if index % 11 == 0:
        data["last_name"] = None
    return {"id": digest[:12].hex(), "data": data, "associations": {}}
