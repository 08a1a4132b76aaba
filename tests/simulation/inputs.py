"""The folder of one seed: small files, most of them good, some mended or replaced between two runs."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from pathlib import Path

_HEADER = "Reference,StartDate,StartTime,EndDate,EndTime"


@dataclass(kw_only=True)
class Inputs:
    root: Path
    rng: random.Random
    digests: dict[str, list[str]] = field(default_factory=dict)
    """By path: SHA-256 of everything that ever lay there, the newest last. It is sent as it lies there."""
    good: dict[str, bool] = field(default_factory=dict)

    def fill(self, number: int, *, share_bad: float = 0.06) -> None:
        self.root.mkdir()
        for n in range(number):
            self._write(f"{n:02}.csv", good=self.rng.random() >= share_bad)

    def replace_some(self) -> list[str]:
        """A bad file is mended, a good one gets other rows."""
        chosen = [path for path, good in self.good.items() if self.rng.random() < (0.1 if good else 0.5)]
        for path in chosen:
            self._write(path, good=True)
        return chosen

    def _write(self, path: str, *, good: bool) -> None:
        nth = len(self.digests.setdefault(path, []))
        hour = "09" if good else "25"
        text = f"{_HEADER}\r\nr-{path}-{nth},01/07/2024,{hour}:00,01/07/2024,17:00".encode()
        (self.root / path).write_bytes(text)
        self.digests[path].append(hashlib.sha256(text).hexdigest())
        self.good[path] = good
