"""What the tests of the targets share."""

from __future__ import annotations

import pytest

from targets.remote import trusting


@pytest.fixture(autouse=True)
def _authorities_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.edges.http.tls_context", trusting)
