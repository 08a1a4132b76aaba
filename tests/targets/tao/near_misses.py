"""What may come for a status and says of no job that it was processed, although most of it nearly does."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

SUCCESS = "processed"


def _as_bytes(said: object) -> bytes:
    return json.dumps(said).encode()


_NEAR = (
    "",
    "process",
    "processe",
    "processedd",
    "unprocessed",
    "not processed",
    "processed with errors",
    "processed_with_errors",
    "processed,",
    "processed\0",
    '"processed"',
    "pro cessed",
    "proceßed",
    "proceſſed",
    "рrocessed",  # its first letter is Cyrillic
    "processing",
    "success",
    "completed",
    "done",
    "failed",
    "200",
)
_WORDS = st.sampled_from(_NEAR) | st.text(max_size=12).filter(lambda word: word.strip().lower() != SUCCESS)
_NUMBERS = st.none() | st.booleans() | st.integers() | st.floats()
_BESIDE = st.sampled_from(["Status", "STATUS", "status ", "state", "Result", "results", "data", "messages", "fileLine"])
_JUNK = st.recursive(
    _NUMBERS | _WORDS | st.just(SUCCESS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_BESIDE, inner, max_size=3),
    max_leaves=4,
)
"""Nested values that hold the word, and nowhere a member of the name `status` or `result`."""
_OTHERS = st.dictionaries(_BESIDE, _JUNK, max_size=2)


def _with(name: str, value: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object in which *value* stands under *name*, beside others."""
    return st.builds(lambda others, own: {**others, name: own}, _OTHERS, value)


_RIGHT = _with("status", st.just(SUCCESS))
SUCCESSES = _with("result", _RIGHT)
"""What does say it, whatever stands beside it."""

_NO_WORDS = _NUMBERS | st.sampled_from([[SUCCESS], [[SUCCESS]], {SUCCESS: True}, {"status": SUCCESS}, {}])
_MISPLACED = (
    _RIGHT,
    _with("result", SUCCESSES),
    _with("result", _JUNK),
    _with("result", st.lists(_RIGHT, min_size=1, max_size=2)),
    _with("result", _RIGHT.map(json.dumps)),
    st.builds(lambda name, right: {name: right}, _BESIDE, _RIGHT),
    _BESIDE.map(lambda name: {"result": {name: SUCCESS}}),
    st.lists(SUCCESSES, min_size=1, max_size=2),
    SUCCESSES.map(json.dumps),
    _JUNK,
)
_AFTER = st.sampled_from(["}", ",", "{}", "\0", " x"])
_TORN = (
    st.builds(lambda text, share: text[: int(len(text) * share)], SUCCESSES.map(json.dumps), st.floats(0.8, 0.999)),
    SUCCESSES.map(lambda said: json.dumps(said)[1:]),
    SUCCESSES.map(lambda said: json.dumps(said).replace('"', "'")),
    st.builds(lambda said, after: json.dumps(said) + after, SUCCESSES, _AFTER),
    st.sampled_from([SUCCESS, f"status: {SUCCESS}", f"<p>{SUCCESS}</p>"]),
)

BODIES: dict[str, st.SearchStrategy[bytes]] = {
    "another word": _with("result", _with("status", _WORDS)).map(_as_bytes),
    "no word": _with("result", _with("status", _NO_WORDS)).map(_as_bytes),
    "no status": _with("result", _OTHERS).map(_as_bytes),
    "a status elsewhere": st.one_of(_MISPLACED).map(_as_bytes),
    "no JSON": st.one_of(_TORN).map(str.encode),
    "another encoding": st.builds(str.encode, SUCCESSES.map(json.dumps), st.sampled_from(["utf-16", "utf-32"])),
    "bytes": st.binary(),
}
"""By what is wrong with them."""
