"""Looks for what must not be there, in every form in which it might be."""

from __future__ import annotations

import base64
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

from cli.ledger import ask
from cli.program import Outcome

BEARER = re.compile(rb"sandbox\.[0-9a-f]{64}")
"""How every bearer token of the sandbox begins."""

_MANY = 100
_RESERVE = bytes(1 << 20)


def forms(secret: str, *, username: str = "") -> set[bytes]:
    """As it is, url-encoded, JSON-escaped, in base64 wherever it may stand, and as HTTP Basic sends it."""
    texts = {
        secret,
        secret.lower(),
        secret.upper(),
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
    }
    texts |= {quote(text, safe="") for text in set(texts)}
    texts |= {json.dumps(text)[1:-1] for text in set(texts)}
    found = {text.encode() for text in texts}
    for text in (secret, quote(secret, safe="")):
        found |= set(_in_base64(text.encode()))
        found.add(base64.b64encode(f"{quote(username, safe='')}:{text}".encode()))
    return found


def _in_base64(secret: bytes) -> Iterator[bytes]:
    """The part that is always the same, at each of the three places where it may begin."""
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            encoded = encode(b"\0" * before + secret)
            yield encoded[-(-before * 4 // 3) : len(encoded) // 4 * 4 - 4]


def leaks(places: Mapping[str, bytes], needles: Iterable[bytes]) -> list[str]:
    """Where any of them stands; the names of the places only, so that a failing test does not leak either."""
    sizes: dict[int, set[bytes]] = defaultdict(set)
    for needle in needles:
        sizes[len(needle)].add(needle)
    assert all(size > 6 for size in sizes)
    return [place for place, content in places.items() if any(_holds(content, some) for some in sizes.items())]


def _holds(content: bytes, some: tuple[int, set[bytes]]) -> bool:
    """Any of the needles of one size: many are looked for all at once, as thousands of searches take seconds."""
    size, needles = some
    if len(needles) < _MANY:
        return any(needle in content for needle in needles)
    return not needles.isdisjoint(content[at : at + size] for at in range(len(content) - size + 1))


def bearers(places: Mapping[str, bytes]) -> list[str]:
    return [place for place, content in places.items() if BEARER.search(content)]


def said(name: str, outcome: Outcome) -> dict[str, bytes]:
    return {f"stdout of {name}": outcome.out, f"stderr of {name}": outcome.err.encode()}


def stored(out: Path) -> dict[str, bytes]:
    """Every byte of every file of an output folder, but for those of the reserve, which are none."""
    files = {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    return {path: content for path, content in files.items() if content != _RESERVE}


def stored_without_results(out: Path) -> dict[str, bytes]:
    """The same without what quotes cells by right: results/, rejects/, and the results in the ledger."""
    kept = {
        path: content
        for path, content in stored(out).items()
        if not path.startswith(("results/", "rejects/", "mended/", ".orchestrator/ledger."))
    }
    for table in ("meta", "jobs", "events"):
        kept[f"ledger: {table}"] = repr(ask(out, f"SELECT * FROM {table}")).encode()
    kept["ledger: results"] = repr(ask(out, "SELECT job, key, suffix, size, sha256 FROM results")).encode()
    return kept
