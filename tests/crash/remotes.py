"""The remote that a delivery goes to, with a folder and the program before it, and how the checker looks at it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from cli.imports import importing
from cli.pushes import pushing
from cli.rosters import Roster, write_all
from cli.stage import Stage, staged
from crash.contents import parts_of
from crash.deliveries import Delivery
from crash.rows import EndgrateSide, Submission, TaoSide
from crash.sides import PlatformSide, Side
from orchestrator.sandbox import Profile


@asynccontextmanager
async def a_stage(
    root: Path, delivery: Delivery, rosters: Sequence[Roster], profile: Profile, seed: int
) -> AsyncIterator[Stage]:
    match delivery.api:
        case "tao":
            async with importing(root, {}, profile=profile, seed=seed) as stage:
                write_all(stage.folder, rosters)
                yield stage
        case "endgrate":
            async with pushing(root, {}, profile=profile, seed=seed) as stage:
                write_all(stage.folder, rosters)
                yield stage
        case _:
            async with staged(root, rosters, profile, seed=seed) as stage:
                yield stage


def side_of(delivery: Delivery, stage: Stage, rosters: Iterable[Roster], part_rows: int | None) -> Side:
    known: list[Submission] = []
    for file in rosters:
        parts = parts_of(file, part_rows) if part_rows else {}
        known += parts.items() if len(parts) > 1 else [(file.name, file.data)]
    if delivery.api == "tao":
        return TaoSide(remote=stage.remote, replaces=delivery.repeats, known=known)
    if delivery.api == "endgrate":
        return EndgrateSide(remote=stage.remote, replaces=delivery.repeats, known=known)
    return PlatformSide(stage.remote)
