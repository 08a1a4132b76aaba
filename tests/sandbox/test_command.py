"""`orchestrator sandbox --target …`: one line with all that a client of that API needs."""

from __future__ import annotations

import json
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import PIPE, Popen
from typing import Any

import pytest


@contextmanager
def announced(*options: str) -> Iterator[dict[str, Any]]:
    """What a sandbox says that was started with these options."""
    command = [sys.executable, "-m", "orchestrator", "sandbox", "--port", "0", *options]
    with Popen(command, stdout=PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("target", "needed"),
    [
        ("platform", {"token_url", "client_id", "trial_client_secret", "trial_api_key"}),
        ("tao", {"token_url", "client_id", "trial_client_secret"}),
        ("endgrate", {"session_id", "trial_api_key"}),
    ],
)
def test_the_line_holds_what_a_client_of_the_target_needs(target: str, needed: set[str]) -> None:
    with announced("--target", target) as told:
        assert set(told) == needed | {"base_url", "port", "pid", "seed"}


def test_what_the_line_says_opens_tao() -> None:
    with announced("--target", "tao") as told:
        form = {
            "grant_type": "client_credentials",
            "client_id": told["client_id"],
            "client_secret": told["trial_client_secret"],
        }
        body = urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(told["token_url"], body) as answer:
            assert json.load(answer)["scope"] == "rostering"


def test_what_the_line_says_opens_endgrate() -> None:
    with announced("--target", "endgrate") as told:
        url = f"{told['base_url']}/api/session/configuration?session_id={told['session_id']}"
        asked = urllib.request.Request(url, headers={"Authorization": f"Bearer {told['trial_api_key']}"})
        with urllib.request.urlopen(asked) as answer:
            assert json.load(answer)["success"] is True
