"""The files that were taken in: how far each of them is, and what came of its rows."""

from __future__ import annotations

import random
import uuid
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from orchestrator.sandbox.jobs import Agenda, Job, Jobs, Phase
from orchestrator.sandbox.profile import Profile
from orchestrator.sandbox.tao.portal import Portal
from orchestrator.sandbox.tao.sheet import Sheet, SheetError, read, write
from orchestrator.sandbox.tao.templates import TEMPLATES, Kind, kind_of
from orchestrator.sandbox.tao.upload import Upload

_ADDED = ("status", "errorType", "errorCode", "errorMessage")
_GOOD = ("processed", "", "", "")
_INTERNAL = ("500", "error", "csv.import.internalError", "Internal error while processing row.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One uploaded file. `problems` are the verdicts on its bad rows by their number, known once it was processed."""

    reference: str
    filename: str
    sha256: str
    rows: int
    job: Job
    born: float
    packed: bytes = field(repr=False)
    problems: dict[int, tuple[str, ...]] = field(default_factory=dict)


class Imports:
    """Files are processed in the order in which their jobs end; a row is judged by what stands in the Portal then.

    Without validation (`Profile.validation` is `off`) nothing is judged and nothing comes to stand there.
    """

    def __init__(self, profile: Profile, clock: Callable[[], float], rng: random.Random) -> None:
        self._profile = profile
        self._clock = clock
        self._rng = rng
        self._jobs = Jobs(profile, rng)
        self._agenda: Agenda[Import] = Agenda()
        self._portal = Portal(organizations=profile.tao.organizations)
        self._by_reference: dict[str, Import] = {}

    @property
    def portal(self) -> Portal:
        """What stands there now."""
        self._settle()
        return self._portal

    @property
    def all(self) -> list[Import]:
        return list(self._by_reference.values())

    def take(self, upload: Upload, *, stuck: bool = False, fails: bool = False) -> Import:
        """Queue a file; without a sheet its rows are only counted, roughly."""
        sheet, filename, content = upload.sheet, upload.filename or "", upload.content
        reference = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        rows = max(content.count(b"\n"), 1) - 1 if sheet is None else len(sheet.rows)
        failures = ("Unable to process the file.",) if fails else () if sheet is None else _failures(sheet)
        now = self._clock()
        taken = Import(
            reference=reference,
            filename=filename,
            sha256=upload.sha256,
            rows=rows,
            job=self._jobs.submit(now, token=reference, name=filename, rows=rows, errors=failures, stuck=stuck),
            born=now,
            packed=zlib.compress(content, 1),
        )
        self._by_reference[reference] = taken
        if not failures and self._profile.validation != "off":
            self._agenda.add(taken.job.ends, taken)
        return taken

    def find(self, reference: str) -> Import | None:
        """A file that was taken in and that the other endpoints have heard of by now."""
        found = self._by_reference.get(reference)
        late = found is not None and self._clock() < found.born + self._profile.tao.unknown_for
        return None if late else found

    def is_ready(self, asked: Import) -> bool:
        """Whether there is a result to be had: not while it is processed, nor where nothing was."""
        return asked.job.phase(self._clock()) is Phase.SUCCEEDED

    def status(self, asked: Import) -> dict[str, object]:
        job, now = asked.job, self._clock()
        match job.phase(now):
            case Phase.SUCCEEDED:
                return _status("processed", asked.rows)
            case Phase.FAILED:
                return _status("failed", 0, *job.errors)
            case Phase.RUNNING:
                if now < job.starts:
                    return _status("pending", 0)
                return _status("processing", int(asked.rows * job.done(now)))

    def result(self, asked: Import) -> bytes:
        """The rows as they were uploaded, each with what came of it."""
        self._settle()
        content = zlib.decompress(asked.packed)
        try:
            sheet = read(content)
        except SheetError:
            return content  # nobody has validated it
        rows = [cells + asked.problems.get(number, _GOOD) for number, cells in enumerate(sheet.rows)]
        return write(sheet.columns + _ADDED, rows)

    def _settle(self) -> None:
        for due in self._agenda.due(self._clock()):
            sheet = read(zlib.decompress(due.packed))
            kind = _kind(sheet)
            for number, cells in enumerate(sheet.rows):
                if self._breaks(number):
                    due.problems[number] = _INTERNAL
                elif problem := self._portal.take(kind, dict(zip(sheet.columns, cells, strict=True))):
                    due.problems[number] = "400", "error", "validation.fieldError", problem

    def _breaks(self, number: int) -> bool:
        nth = self._profile.tao.failing_rows
        return nth is not None and (number + 1) % nth == 0


def _failures(sheet: Sheet) -> tuple[str, ...]:
    kind = kind_of(sheet.columns)
    problem = TEMPLATES[kind].problem(sheet.columns) if kind else "The columns belong to no kind of import."
    return (problem,) if problem else ()


def _kind(sheet: Sheet) -> Kind:
    kind = kind_of(sheet.columns)
    assert kind is not None, "a file of no kind has failed, and is not processed"
    return kind


def _status(word: str, lines: int, *messages: str) -> dict[str, object]:
    return {"status": word, "fileLine": lines, "messages": list(messages)}
