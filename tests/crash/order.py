"""What the warm process is asked to do: one start of the program, and what is to befall it."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

PATIENCE = 60.0
"""Seconds after which a program that should have ended is killed, which no test takes for its own kill."""


@dataclass(frozen=True, kw_only=True)
class Order:
    argv: Sequence[str]
    cwd: str
    env: Mapping[str, str]
    trace: str
    """A file that gets a line for every moment which the run passes."""
    fatal: str = ""
    """The kind of moment at which the signals strike; empty: none."""
    nth: int = 1
    """At which moment of that kind."""
    signals: Sequence[int] = (signal.SIGKILL,)
    fine: bool = False
    """Count the moments around every file that is put in its place, too."""
    speed: float = 1.0
    """How many times faster the program's clock goes than ours."""
    seconds: float = PATIENCE
    """After so long it is killed from outside."""
    hold_from: int | None = None
    """Characters of a body from which on its tail is held back; None: as the program has it."""
    push: Mapping[str, Any] = field(default_factory=dict)
    """Host, port and whether it keeps keys: of the remote that takes pushes in place of the Platform."""

    def dump(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def load(cls, line: bytes) -> Order:
        return cls(**json.loads(line))
