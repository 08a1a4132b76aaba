"""This folder is no package, for its name is taken by Python; so its helpers lie in `targets`."""

from __future__ import annotations

from targets.conftest import _authorities_are_read_once

__all__ = ["_authorities_are_read_once"]
