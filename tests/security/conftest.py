"""These tests stand on the same ground as those of the single targets."""

from __future__ import annotations

from targets.conftest import _authorities_are_read_once

__all__ = ["_authorities_are_read_once"]
