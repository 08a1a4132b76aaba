"""The remote that takes pushes keeps what a second one does apart by its key, and by nothing else."""

from __future__ import annotations

import json
from collections import deque

import pytest

from crash.push import PushRemote


def a_push(key: str | None, text: str) -> bytes:
    return json.dumps({"key": key, "name": "night", "texts": [text, None]}).encode()


@pytest.mark.parametrize(
    ("keys", "copies"),
    [(("a", "a"), 1), (("a", "b"), 2), ((None, None), 2), (("a", None), 2), (("a", "b", "a"), 2)],
    ids=str,
)
def test_a_known_key_replaces_and_all_else_adds_a_copy(keys: tuple[str | None, ...], copies: int) -> None:
    remote = PushRemote()

    last = [remote.take(a_push(key, f"push {nth}")) for nth, key in enumerate(keys)][-1]

    assert remote.copies("night") == copies
    assert remote.standing[-1] == last


def test_a_push_whose_answer_is_lost_stands_there_and_a_refused_one_does_not() -> None:
    remote = PushRemote(script={"night": deque(["refused", "lost"])})

    refused, lost = remote.take(a_push("a", "first")), remote.take(a_push("a", "second"))

    assert not refused.is_taken
    assert remote.standing == [lost]
