"""What is to befall one start of the program."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Strike:
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
    hold_from: int | None = None
    """Characters of a body from which on its tail is held back; None: as the program has it."""
    push: Mapping[str, Any] = field(default_factory=dict)
    """Host, port and whether it keeps keys: of the remote that takes pushes in place of the Platform."""
