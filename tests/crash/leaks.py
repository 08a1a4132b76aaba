"""What no schedule may leave anywhere: secrets at all, and cells but where they belong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cli.leaks import bearers, forms, leaks, stored, stored_without_results
from cli.stage import Stage

_TELLING = 6
"""Bytes; what is shorter may turn up by chance."""


def leaked(stage: Stage, said: bytes) -> Iterator[str]:
    """*said* is all that the program told, in every start."""
    told = {"what it told": said}
    everywhere = told | stored(stage.out)
    for place in leaks(everywhere, {form for secret in stage.secrets.values() for form in forms(secret)}):
        yield f"a secret stands in {place}"
    for place in bearers(everywhere):
        yield f"a bearer token stands in {place}"
    for place in leaks(told | stored_without_results(stage.out), first_cells(stage.folder)):
        yield f"a cell stands in {place}"


def first_cells(folder: Path) -> set[bytes]:
    """Of every row of every file: by these a row would be known wherever it turned up."""
    rows = (row for path in folder.rglob("*.csv") for row in path.read_bytes().splitlines()[1:])
    return {cell for row in rows if len(cell := row.partition(b",")[0].strip()) > _TELLING}
