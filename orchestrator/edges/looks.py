"""Files that are looked at beside each other, each as it was read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from orchestrator.edges.census_tables import Presence
from orchestrator.edges.registry import Standing
from orchestrator.model import RelPath, Source
from orchestrator.ports import File
from orchestrator.ranges import Ranges
from orchestrator.validation import Mends, Relations, SourceLines


@dataclass(frozen=True, slots=True, kw_only=True)
class Had:
    """What the remote has of a file already."""

    unsent: Sequence[Ranges] = ()
    """For every version that it keeps, the lines of which it has no row."""
    presence: Presence = Presence.REPLACED
    done: bool = True
    """Its newest version is what lies there: nothing of it is to be sent."""

    def lacks(self, line: int) -> bool:
        """Whether no version has brought the row that begins there."""
        return all(line in ranges for ranges in self.unsent)


@dataclass(slots=True, kw_only=True)
class Look:
    """As it was read."""

    number: int
    file: File
    source: Source | None = None
    kind: str = ""
    is_faulty: bool = True
    is_unread: bool = False
    """The program died of it, or beside it: nobody knows what it holds, and it is read alone before it is sent."""
    bad: int = 0
    good: int = 0
    had: Had | None = None
    columns: dict[tuple[int, int | None], int] = field(default_factory=dict)
    """Where a problem with each pool and way is told."""
    mark: str = ""
    """A digest of all for which its rows are kept back."""

    @property
    def done(self) -> bool:
        """Nothing of it is to be sent."""
        return self.had is not None and self.had.done

    @property
    def changed(self) -> bool:
        """The remote has a version of other bytes."""
        return self.had is not None and self.had.presence is Presence.NONE

    def is_whole(self, *, drop_rows: bool) -> bool:
        """Whether all that it holds is known, and goes with it."""
        return self.done or (not self.is_faulty and (drop_rows or not self.bad))

    def standing(self, rank: int, chosen: Collection[RelPath], *, drop_rows: bool) -> Standing:
        return Standing(
            rank=rank,
            done=self.done,
            presence=self.had.presence if self.had is not None else Presence.NONE,
            whole=self.is_whole(drop_rows=drop_rows),
            judged=self.file.path in chosen and not self.done and not self.is_faulty,
        )


def in_order(looks: Iterable[Look], chosen: Collection[RelPath], *, drop_rows: bool) -> list[Look]:
    """What several files hold, and the remote has not, is that file's that goes for sure before it is another's; and
    of a file that changed it probably has it."""

    def rank(look: Look) -> tuple[bool, bool, bool, int]:
        return not look.is_whole(drop_rows=drop_rows), not look.changed, look.file.path not in chosen, look.number

    return sorted(looks, key=rank)


def who_may_hold_more(relations: Relations, looks: Sequence[Look], *, drop_rows: bool) -> dict[int, set[RelPath]]:
    """For each pool that rows may be told to ask in vain, the files of which nobody knows all that they hold in it.

    Of a kind that is not there the remote may have any row. A file that could not even be recognised may be of any.
    """
    found = {}
    for pool, kinds in enumerate(relations.pools):
        if not relations.is_own(pool) and any(look.kind in kinds or look.is_unread for look in looks):
            found[pool] = {
                look.file.path
                for look in looks
                if (look.kind in kinds or not look.kind) and not look.is_whole(drop_rows=drop_rows)
            }
    return found


def lacking_rows(lines: SourceLines, rows: int, had: Had) -> Iterator[int]:
    """Those of so many good *rows* that no version has brought to the remote."""
    for first, last in had.unsent[0] if had.unsent else ():
        yield from (row for row in lines.rows_on(first, last, rows) if had.lacks(lines[row]))


def may_go(line: int, had: Had, mends: Mends) -> bool:
    """Whether the row that begins there, which the remote lacks, is sent if it is right."""
    return not had.done and (had.presence is not Presence.STAYS or mends.touches(line, line))
