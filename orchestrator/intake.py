"""What a file of the folder is to the ledger: new, a new version, known, or refused. Pure but for look-ups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile

from orchestrator.model import Digest, Job, Key, Name, RelPath, Restored, Source, State, next_version
from orchestrator.naming import is_content_addressed, key_of, key_without_name, name_of
from orchestrator.ports import File, Reading

LATE = 15 * 60.0
"""Seconds after which an attempt whose answer was lost can no longer arrive (a gateway's queue, a slow proxy)."""

_SET_BACK = 24 * 3600.0
"""Seconds; a clock that is set to another zone, or by hand, rarely goes farther."""
_UNREAD = Source(data=Digest(""), size=0)


@dataclass(frozen=True, slots=True)
class Fresh:
    """To be judged and sent."""

    job: Job


@dataclass(frozen=True, slots=True)
class Known:
    """These very bytes have been dealt with; the job says how."""

    job: Job


@dataclass(frozen=True, slots=True)
class Blocked:
    """An earlier version has not ended, and the versions of a Name are never mixed."""

    cause: str


@dataclass(frozen=True, slots=True)
class Clash:
    """The Name belongs to another path."""

    cause: str


@dataclass(frozen=True, slots=True)
class Names:
    """Which path each Name belongs to in this run."""

    owners: dict[Key, RelPath] = field(default_factory=dict)

    def claim(self, name: Name, path: RelPath, known: Job | None) -> Clash | None:
        """A Name belongs to the first path that had it; one that was never sent may pass on to another path."""
        key = key_of(name)
        owner = self.owners.get(key)
        if owner is None and known is not None and known.keeps_its_name:
            owner = known.path
        self.owners.setdefault(key, owner or path)
        if owner is None or owner == path:
            return None
        return Clash(_clash(name, owner))


def without_clashes(files: Iterable[File], pattern: str, owner: Callable[[Key], RelPath | None]) -> list[File]:
    """The files, with a fault on each that would share another's Name, before any of them is sent.

    *owner* tells whose the Name is since earlier runs. Names made from the content are not known yet: they
    are claimed as the files are read.
    """
    listed = list(files)
    if is_content_addressed(pattern):
        return listed
    names = {file.path: name_of(pattern, file.path, _UNREAD) for file in listed if not file.fault}
    by_key: dict[Key, list[RelPath]] = defaultdict(list)
    for path, name in names.items():
        if name is not None:
            by_key[key_of(name)].append(path)
    faults: dict[RelPath, str] = {}
    for key, paths in by_key.items():
        if len(paths) > 1:
            known = owner(key)
            first = known if known in paths else paths[0]
            faults |= {path: _clash(names[path], first) for path in paths if path != first}
    return [replace(file, fault=faults[file.path]) if file.path in faults else file for file in listed]


def _clash(name: Name | None, owner: RelPath) -> str:
    return (
        f"name_clash: the Name {name!r} belongs to {owner}. Rename one of the two files, or, "
        "where one was moved, move it back; or choose a target.name that tells them apart"
    )


def identify(reading: Reading, known: Job | None, *, retry_failed: bool, now: float) -> Fresh | Known | Blocked:
    """*known* is the newest version under the Name; *now* is Unix time."""
    if known is None:
        return Fresh(new_job(reading.key, reading.name, reading.file.path, reading.source))
    found = _compare(reading, known, retry_failed=retry_failed)
    return blocked_by(known) if isinstance(found, Fresh) and may_arrive_late(known, now) else found


def blocked_by(late: Job) -> Blocked:
    return Blocked(
        f"an attempt of version {late.version} or before may still arrive late, after this one: "
        f"it is sent when {LATE / 60:.0f} minutes have gone by"
    )


def may_arrive_late(job: Job, now: float) -> bool:
    """Whether an attempt whose answer was lost may still be on its way.

    After a clock was set back it counts as just lost. What lies farther ahead was noted by a clock that was wrong.
    """
    return job.lost_at is not None and -_SET_BACK < now - job.lost_at < LATE


def _compare(reading: Reading, known: Job, *, retry_failed: bool) -> Fresh | Known | Blocked:
    if not is_known(known, reading.source):
        if known.state.is_open or known.state is State.IN_DOUBT:
            return Blocked(f"version {known.version} of it is still {known.state}, and this one has to wait for it")
        return Fresh(replace(next_version(known, reading.source), path=reading.file.path))
    if known.state is State.REJECTED and known.path != reading.file.path:
        return Fresh(replace(next_version(known, reading.source), path=reading.file.path))
    again = known.state is State.SUPERSEDED or (known.state is State.FAILED and retry_failed)
    return Fresh(next_version(known, reading.source)) if again else Known(known)


def is_known(known: Job, source: Source) -> bool:
    """A file whose mended rows somebody took away is no new version: it would undo them at the remote."""
    if source.mends is None and known.source is not None:
        source = replace(source, mends=known.source.mends)
    return same_bytes(known, source)


def will_be_judged(reading: Reading, known: Job | None, now: float) -> bool:
    """Whether it is certain, before anything else is known, that its rows will be looked at."""
    if known is not None and known.path != reading.file.path:
        return False
    return isinstance(identify(reading, known, retry_failed=False, now=now), Fresh)


def same_file(job: Job, source: Source | None) -> bool:
    """Whether it is a version of the file that *source* is, whatever was mended of it."""
    known = job.source
    return known is not None and source is not None and (known.data, known.events) == (source.data, source.events)


def taken_of(versions: Sequence[Job], source: Source) -> list[Job]:
    """Those of the file that *source* is, the oldest first, that the remote took since it was another the last time."""
    newest = takewhile(lambda job: same_file(job, source), filter(_may_be_there, reversed(versions)))
    return [job for job in reversed(list(newest)) if job.state is State.DONE]


def _may_be_there(version: Job) -> bool:
    """Whether anything of it can have come to the remote, and have changed what it has."""
    if version.state is State.SUPERSEDED:
        return version.parts > 0 or version.repeats
    return version.state is not State.REJECTED


def restored_to(versions: Sequence[Job], source: Source) -> Job | None:
    """The version that brought these very bytes to the remote, where they still stand as they came."""
    taken = taken_of(versions, source)
    return taken[-1] if taken and is_known(taken[-1], source) else None


def restored(version: Job) -> Restored:
    return Restored(
        version=version.version,
        sheets=version.checked,
        rules=version.rules,
        cause=version.cause,
        refused=version.refused,
        unknown=version.unknown,
        parts=version.parts,
    )


def same_bytes(job: Job, source: Source) -> bool:
    known = job.source
    return known is not None and replace(known, size=source.size) == source


def new_job(key: Key, name: Name, path: RelPath, source: Source | None) -> Job:
    return Job(key=key, version=1, name=name, path=path, source=source)


def nameless(file: File) -> Job:
    """For a file that is refused before it has a Name of its own."""
    return new_job(key_without_name(file.path), Name(file.path), file.path, None)
