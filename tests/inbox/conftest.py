"""These tests borrow the helpers of their neighbours, which lie in packages beside this one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

_TESTS = str(Path(__file__).parent.parent)
if _TESTS not in sys.path:
    sys.path.append(_TESTS)


@pytest.fixture(autouse=True)
def _authorities_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from targets.remote import trusting

    monkeypatch.setattr("orchestrator.edges.http.tls_context", trusting)
