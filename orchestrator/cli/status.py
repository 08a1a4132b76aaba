"""`status`: what the ledger knows, and what became of the newest run."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.options import Common, Place, Told, command, json_option

if TYPE_CHECKING:
    from orchestrator.edges.lists import Lists
    from orchestrator.edges.runs import LastRun
    from orchestrator.edges.view import Item, View

_TOLD = ("rejected", "failed", "in_doubt", "unsent", "deferred")
"""Ends of files that somebody has to do something about. What is unsent or deferred stands in no ledger."""

_NAMED = 20
"""Files that are named, of those that no report tells of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    out: Path
    target: str
    counts: Mapping[str, int]
    in_parts: int
    doubts: Sequence[Item]
    unreported: Sequence[Item] | None
    """The first of those that are rejected or failed, and that the newest run over all files did not come upon; None
    where there is no such run."""
    more: int
    """Such files beside these."""
    lists: Lists | None
    oldest: Item | None
    run: LastRun | None
    locked: bool | None
    """Whether a run or another command has the folder at this moment."""
    old: str
    """Why no run takes this ledger."""


@command
@click.option("-o", "--output", type=Place(), help="Output folder; it holds the ledger.")
@json_option
def status(common: Common, output: Path | None) -> int:
    """What the ledger knows: what needs a person first, then counts by state, the oldest open item, the newest run."""
    from orchestrator.exits import Exit

    found = _look(output or common.settings().output.folder)
    code = Exit.USAGE if found.old else Exit.IN_DOUBT if found.doubts else Exit.OK
    told = Told()
    if common.json:
        told.put_json({"exit_code": int(code), **_as_json(found)})
    else:
        for line in _lines(found):
            told.put(line)
    return told.end(code)


def _look(out: Path) -> _Found:
    from orchestrator.edges.lists import count_lists
    from orchestrator.edges.runs import look_at_runs, why_old
    from orchestrator.edges.view import open_view
    from orchestrator.edges.workplace import ledger_file

    with open_view(ledger_file(out)) as view:
        run, locked = look_at_runs(out)
        unreported = _unreported(view, out)
        return _Found(
            out=out,
            target=view.target(),
            counts=view.counts(),
            in_parts=view.in_parts(),
            doubts=view.in_doubt(),
            unreported=None if unreported is None else view.items(unreported[:_NAMED]),
            more=len((unreported or ())[_NAMED:]),
            lists=count_lists(out / "rejects"),
            oldest=view.oldest_open(),
            run=run,
            locked=locked,
            old=why_old(out),
        )


def _unreported(view: View, out: Path) -> Sequence[int] | None:
    """Where its file left the inbox no report tells of it any more, although it counts. None: nobody can tell."""
    import csv

    from orchestrator.edges.runs import newest_of_all_files, told_of
    from orchestrator.naming import harmless

    if (run := newest_of_all_files(out)) is None:
        return None
    left = view.rejected_or_failed(before=run.started)
    try:
        told = {*told_of(out, run)}
    except (OSError, csv.Error):
        return None
    folders = tuple(path for path in told if path.endswith("/"))  # into which nobody could look
    return [
        number
        for path, number in left.items()
        if harmless(path) not in told and not path.endswith("/") and not harmless(path).startswith(folders)
    ]


def _as_json(found: _Found) -> dict[str, Any]:
    oldest, run, lists = found.oldest, found.run, found.lists
    return {
        "target": found.target,
        "counts": found.counts,
        "in_parts": found.in_parts,
        "in_doubt": [_item_as_json(item) for item in found.doubts],
        "oldest_open": {"item": oldest.id, "path": oldest.job.path, "since": _moment(oldest.since)} if oldest else None,
        "newest_run": _run_as_json(run) if run else None,
        "locked": found.locked,
        "lists": {"count": lists.count, "rows": lists.rows} if lists else None,
        "unreported": None
        if found.unreported is None
        else {
            "items": [{**_item_as_json(item), "state": item.job.state} for item in found.unreported],
            "more": found.more,
        },
        **({"message": found.old} if found.old else {}),
    }


def _item_as_json(item: Item) -> dict[str, Any]:
    job = item.job
    return {"item": item.id, "path": job.path, "name": job.name, "cause": job.cause, "since": _moment(item.since)}


def _run_as_json(run: LastRun) -> dict[str, Any]:
    summary = run.summary or {}
    return {
        "run": run.name,
        "began": run.began.isoformat(timespec="seconds"),
        "ended": run.summary is not None,
        "exit_code": summary.get("exit_code"),
        "message": summary.get("message", ""),
        "files": run.files,
        "report": run.report if run.summary else None,
    }


def _lines(found: _Found) -> Iterator[str]:
    from orchestrator.naming import printable

    if found.old:
        yield f"old       {found.old}"
    for item in found.doubts:
        yield f"in doubt  item {item.id}: {_which(item)} (since {_moment(item.since)})"
        yield f"          {printable(item.job.cause)}"
    if found.doubts:
        where = printable(shlex.quote(str(found.out)))
        verdicts = "--accepted TOKEN | --not-accepted | --resend | --abandon"
        yield f"          decide with: orchestrator resolve ITEM -o {where} {verdicts}"
    yield from _of_unreported(found)
    yield f"target    {printable(found.target)}"
    for state, number in found.counts.items():
        if number:
            yield f"{state:<10}{number:>9,}"
    if found.in_parts:
        why = "files that wait for their parts, of which the open ones are counted above"
        yield f"in parts  {found.in_parts:>9,}  {why}"
    if found.lists and found.lists.count:
        rows = "" if found.lists.rows is None else f" with {found.lists.rows:,} rows"
        where = printable(str(found.out / "rejects"))
        yield f"lists     {found.lists.count:>9,}  in {where}{rows}: mend them there, and send them back with resubmit"
    if oldest := found.oldest:
        yield f"oldest    {_which(oldest)} is {oldest.job.state} since {_moment(oldest.since)}"
    if found.run:
        yield from _of_run(found.run, found.out, found.locked)
    if found.locked and (found.run is None or found.run.summary is not None):
        yield "locked    a run or another command is at work in this output folder, and has told nothing yet"


def _of_unreported(found: _Found) -> Iterator[str]:
    from orchestrator.naming import printable

    for item in found.unreported or ():
        yield f"{item.job.state:<10}item {item.id}: {_which(item)} (since {_moment(item.since)})"
        yield f"          {printable(item.job.cause)}"
    if found.more:
        yield f"          and {found.more:,} more that are rejected or failed"
    if found.unreported:
        yield "          the last run over all files did not come upon these: where one was taken away, put it"
        yield "          back, mended, and run again; what failed goes as it is with --retry-failed"


def _of_run(run: LastRun, out: Path, locked: bool | None) -> Iterator[str]:
    from orchestrator.naming import printable

    began = f"run       {run.name} began {run.began.isoformat(timespec='seconds')}"
    if run.summary is None:
        yield f"{began}, and {_without_summary(run, locked)}"
        return
    ends = ", ".join(f"{run.files[end]:,} {end.replace('_', ' ')}" for end in _TOLD if run.files.get(end))
    yield f"{began}, and ended with exit code {run.summary['exit_code']}{ends and ': '}{ends}"
    for line in str(run.summary.get("message", "")).splitlines():
        yield f"          {printable(line)}"
    if ends:
        yield f"          each with its cause in {printable(str(out / run.report))}"


def _without_summary(run: LastRun, locked: bool | None) -> str:
    if run.is_unread:
        return "its summary cannot be read"
    if locked:
        return "is under way"
    if locked is None:
        return "has left no summary: it is under way, or was killed"
    return "was not finished: it was killed, or could not write its summary. Run the same command again"


def _which(item: Item) -> str:
    from orchestrator.naming import printable

    part = item.job.part
    return printable(item.job.path) + (f", part {part.number:,} of {part.of:,} (line {part.line:,} on)" if part else "")


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
