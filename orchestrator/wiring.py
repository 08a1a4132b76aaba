"""Settings → the parts of a pipeline: the only place that chooses what stands behind a port."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import structlog

from orchestrator.backoff import Backoff
from orchestrator.config import Need, Settings, require_folders
from orchestrator.config.mappings import load_mapping
from orchestrator.config.schemas import load_events_schema, load_schemas
from orchestrator.delivery import Delivery
from orchestrator.edges.census import Census
from orchestrator.edges.folder import Folder, FolderConfig
from orchestrator.edges.inbox import FolderInbox, InboxConfig
from orchestrator.edges.log import Narrated
from orchestrator.edges.looks import Had
from orchestrator.edges.mended import MendedRows
from orchestrator.edges.sheets import RejectsLists
from orchestrator.edges.shelf import KeyShelf
from orchestrator.edges.suspects import NOBODY, Nobody, Suspects
from orchestrator.errors import ConfigError
from orchestrator.flow import Gate, JobTimes, Schedule
from orchestrator.guards import Grace, Memory, Reader, Sense, Tokens, Unbroken
from orchestrator.hearing import Hearing
from orchestrator.intake import Names
from orchestrator.lanes import Lane, UploadLane
from orchestrator.model import Source, Token
from orchestrator.partition import Partition
from orchestrator.pipeline import Pipeline
from orchestrator.ports import Clock, File, Inbox, Ledger, Reading, Sink, Target
from orchestrator.predecessors import Predecessors
from orchestrator.recovery import Recovery
from orchestrator.tracking import Tracking
from orchestrator.validation import OFF, Limits, Relations, Rules, Schema, untold
from orchestrator.way import Way

_READING = Backoff(first=0.5, factor=2.0, cap=30.0, tries=12, seconds=3600.0)
_SENDING = Backoff(first=0.5, factor=2.0, cap=30.0, tries=15, seconds=3600.0)
_SPREAD = 0.2
"""Share of a poll's delay that is random, so that jobs that began together are not asked together."""


def make_folder(settings: Settings) -> Folder:
    require_folders(settings)
    return Folder(
        FolderConfig(
            root=settings.input.folder,
            pattern=settings.input.pattern,
            events=settings.input.events if settings.events_schema else "",
            events_required=settings.input.events_required,
            leave_out=settings.output.folder,
        )
    )


def make_rules(settings: Settings, spill: Path | None = None) -> Rules:
    """What a file is judged by, its companion apart. *spill* is a folder for what memory has no room for.

    Raises ConfigError for a schema or a mapping that is none.
    """
    validation = settings.validation
    if not settings.schemas:
        raise ConfigError(
            "validation.schema: is missing: a target of one's own has none. Name what its files look like."
        )
    chosen = load_schemas(settings.schemas, settings.target.key_column, nests=settings.target.nests)
    schemas = tuple(schema for schema in chosen if schema.name != settings.events_schema) or chosen
    if validation.duplicates != OFF and (problems := list(_untold(schemas))):
        raise ConfigError(*problems)
    limits = Limits(rows=settings.target.part_rows, size=settings.target.part_bytes)
    return Rules(
        schemas=schemas,
        encoding=validation.encoding,
        dialect=validation.dialect,
        mapping=load_mapping(validation.mapping, schemas),
        limits=limits,
        shelves=partial(KeyShelf, spill) if spill else None,
    )


RULES = (
    Need(make_rules, by=("target.kind", "validation.schema")),
    Need(lambda settings: load_schemas(settings.validation.schema_names), by=("validation.schema",)),
    Need(lambda settings: load_mapping(settings.validation.mapping), by=("validation.mapping",)),
    Need(lambda settings: load_events_schema(settings.events_schema)),
)


def _untold(schemas: Iterable[Schema]) -> Iterator[str]:
    for schema in schemas:
        for name in untold(schema):
            yield (
                f'validation.duplicates: {schema.name}: "{name}" is unique and stands for columns in any number, which '
                "are told apart within a file only. Name each of them as a field of its own, or set this to off."
            )


def make_census(
    settings: Settings,
    folder: Folder,
    place: Path,
    had: Callable[[File, Source], Had | None] = lambda file, source: None,
    mended: MendedRows | None = None,
    suspects: Suspects | Nobody = NOBODY,
) -> Census | None:
    """None where no schema in use says what a file has to be beside others. Raises what `make_rules` does."""
    validation, rules = settings.validation, make_rules(settings, place.parent)
    relations = Relations(rules.schemas, duplicates=validation.duplicates, references=validation.references)
    if not relations:
        return None
    drop_rows = validation.on_bad_rows == "drop_rows"
    return Census(folder, rules, relations, place, drop_rows=drop_rows, mended=mended, suspects=suspects, had=had)


def make_inbox(
    settings: Settings,
    folder: Folder,
    rejects: RejectsLists,
    spill: Path,
    is_new: Callable[[Reading], bool] | None = None,
    mended: MendedRows | None = None,
    census: Census | None = None,
    suspects: Suspects | Nobody = NOBODY,
) -> FolderInbox:
    """What *is_new* says yes to is judged as soon as it is read. *spill*, and what is raised, as of `make_rules`."""
    rules = make_rules(settings, spill)
    return FolderInbox(
        folder,
        rejects,
        InboxConfig(
            data=rules.schemas,
            events=load_events_schema(settings.events_schema),
            name=settings.target.name,
            encoding=rules.encoding,
            dialect=rules.dialect,
            mapping=rules.mapping,
            drop_rows=settings.validation.on_bad_rows == "drop_rows",
            events_required=settings.input.events_required,
            limits=rules.limits,
            shelves=rules.shelves,
        ),
        is_new=is_new or (lambda reading: False),
        mended=mended,
        census=census,
        suspects=suspects,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a pipeline is put together from; a test or a simulation may exchange any of them."""

    target: Target
    ledger: Ledger
    inbox: Inbox
    sink: Sink
    clock: Clock
    grace: Grace
    retried: Callable[[], None]
    rng: random.Random
    times: JobTimes = field(default_factory=JobTimes)
    """What earlier runs taught about how long jobs take."""
    shared: Iterable[Token] = ()
    """Tokens that the remote gave out twice in earlier runs."""


def make_pipeline(settings: Settings, parts: Parts, *, retry_failed: bool) -> Pipeline:
    limits, polling = settings.limits, settings.polling
    hearing = Hearing()
    probe = hearing.over(parts.target.probe, parts.clock)
    way = Way(Gate(limits.rate, rng=parts.rng, tell=_tell), probe, parts.clock)
    parts.target.heed(way.may_go)
    uploads = UploadLane(limits.uploads, way, parts.clock, _tell)
    memory = Memory(limits.bytes)
    tokens = Tokens(shared=set(parts.shared))
    ledger = Unbroken(_narrated(parts.ledger))
    reader = Reader(
        target=parts.target,
        lane=Lane(limits.polls, way),
        backoff=_READING,
        clock=parts.clock,
        rng=parts.rng,
        retried=parts.retried,
        hearing=hearing,
    )
    recovery = Recovery(target=parts.target, ledger=ledger, clock=parts.clock, lane=uploads, tokens=tokens)
    delivery = Delivery(
        target=parts.target,
        ledger=ledger,
        inbox=parts.inbox,
        clock=parts.clock,
        rng=parts.rng,
        lane=uploads,
        memory=memory,
        grace=parts.grace,
        backoff=_SENDING,
        overwrite=settings.target.overwrites,
        retried=parts.retried,
        sense=Sense(),
        recovery=recovery,
    )
    tracking = Tracking(
        target=parts.target,
        ledger=ledger,
        sink=parts.sink,
        clock=parts.clock,
        rng=parts.rng,
        reader=reader,
        tokens=tokens,
        slots=uploads.job,
        schedule=Schedule(
            backoff=Backoff(first=polling.first, factor=polling.factor, cap=polling.cap, jitter=_SPREAD),
            times=parts.times,
        ),
        patience=polling.deadline,
        give_up=polling.give_up,
    )
    names = Names()
    adds, increments = settings.target.adds is not False, settings.target.takes_increments
    predecessors = Predecessors(ledger=ledger, clock=parts.clock, adds=adds, increments=increments)
    return Pipeline(
        ledger=ledger,
        inbox=parts.inbox,
        clock=parts.clock,
        names=names,
        predecessors=predecessors,
        partition=Partition(ledger=ledger, names=names, clock=parts.clock, predecessors=predecessors),
        finds_again=parts.target.finds_again if settings.target.keeps_changed else lambda job: True,
        memory=memory,
        delivery=delivery,
        recovery=recovery,
        tracking=tracking,
        retry_failed=retry_failed,
    )


def _narrated(ledger: Ledger) -> Ledger:
    log = structlog.get_logger()
    return Narrated(ledger, log.debug) if log.is_enabled_for(logging.DEBUG) else ledger


def _tell(change: str) -> None:
    structlog.get_logger().info("flow", change=change)
