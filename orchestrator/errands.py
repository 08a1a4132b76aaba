"""What a run has to do: one errand for every path, made of what was left open and of what lies there now. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from orchestrator.model import Job, RelPath
from orchestrator.naming import is_pull
from orchestrator.ports import File


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What is to be done about one path: its open jobs in their order, then the file that lies there now."""

    path: RelPath
    jobs: Sequence[Job] = ()
    file: File | None = None
    selected: bool = True
    """Not selected: what is open is followed to its end, but nothing is sent."""
    young: bool = False
    """Somebody wrote to the file just before: it is looked at once more before it is taken."""
    suspect: bool = False
    """The program died while it read the file: it is taken after all others, and alone."""

    def is_young(self, now: float, settle: float) -> bool:
        """Whether somebody wrote to the file less than *settle* seconds ago; a time to come counts as just now."""
        if settle <= 0 or self.file is None or self.file.fault:
            return False
        stamps = filter(None, (self.file.stamp, self.file.events_stamp))
        return any(now - stamp.mtime_ns / 1e9 < settle for stamp in stamps)


def plan(files: Iterable[File], unfinished: Iterable[Job], wanted: Callable[[RelPath], bool]) -> list[Errand]:
    """One errand a path: what is open comes first, then the files in their order."""
    by_path: dict[RelPath, list[Job]] = defaultdict(list)
    for job in unfinished:
        if job.part is None and not is_pull(job.key):  # a part goes with the job of its whole file
            by_path[job.path].append(job)
    listed = {file.path: file for file in files}
    left_open = [
        Errand(path=path, jobs=jobs, file=listed.get(path), selected=wanted(path)) for path, jobs in by_path.items()
    ]
    fresh = [Errand(path=f.path, file=f) for f in listed.values() if f.path not in by_path and wanted(f.path)]
    return left_open + fresh


def young_last(
    errands: Iterable[Errand], now: float, settle: float, is_suspect: Callable[[RelPath], bool]
) -> list[Errand]:
    """What may still be written to comes last, but for what an earlier run left open. *now* is Unix time."""
    marked = [replace(e, young=e.is_young(now, settle), suspect=is_suspect(e.path)) for e in errands]
    return sorted(marked, key=lambda errand: errand.young and not errand.jobs)
