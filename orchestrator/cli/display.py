"""The end of a run in a few lines for a person."""

from __future__ import annotations

from typing import Any

from orchestrator.batch import Finished
from orchestrator.cli.options import say
from orchestrator.exits import Exit
from orchestrator.naming import printable

_MEANING = {
    Exit.OK: "all done, or known already",
    Exit.BUG: "a bug",
    Exit.USAGE: "what was configured, or the output folder, does not do: see why",
    Exit.REJECTS: "some files or rows are rejected, failed or kept back, or files are missing",
    Exit.IN_DOUBT: "something is in doubt: see orchestrator status",
    Exit.UNFINISHED: "unfinished: run the same command again",
    Exit.DENIED: "the credentials were refused",
    Exit.SIGINT: "stopped: run the same command again",
    Exit.SIGTERM: "stopped: run the same command again",
}


def tell(finished: Finished) -> None:
    summary, out = finished.summary, printable(str(finished.folder))
    files, rows, requests = summary["files"], summary["rows"], summary["requests"]
    code = finished.exit_code
    meaning = _MEANING[code]
    if code is Exit.UNFINISHED and finished.message:
        meaning = "unfinished: see why, then run the same command again"
    say(f"{summary['command']} {summary['run']}: {summary['seconds']:.1f} s, exit code {int(code)}: {meaning}")
    for line in finished.message.splitlines():
        say(f"  why       {line}")
    say(f"  files     {files['found']:,} found, {files['adopted']:,} adopted: {_nonzero(files, skip=2) or 'none'}")
    for kind, book in rows.items():
        if book["read"]:
            say(f"  {kind + ' rows':<11} {book['read']:,} read: {_nonzero(book, skip=1)}")
    say(f"  requests  {_nonzero(requests) or 'none'}")
    say(f"  results   {out}/results")
    if files["rejected"] or rows["data"]["invalid"] or rows["events"]["invalid"] or rows["data"]["refused"]:
        say(f"  rejects   {out}/rejects")
    say(f"  report    {out}/runs/{summary['run']}")


def _nonzero(counts: dict[str, Any], skip: int = 0) -> str:
    return ", ".join(f"{n:,} {key.replace('_', ' ')}" for key, n in list(counts.items())[skip:] if n)


def tell_pull(finished: Finished) -> None:
    summary, code = finished.summary, finished.exit_code
    said = f"pull {summary['run']}: version {summary['version']} is {summary['state']}"
    say(f"{said}, exit code {int(code)}: {_MEANING[code]}")
    for line in finished.message.splitlines():
        say(f"  why       {printable(line)}")
    if "records" in summary:
        say(f"  records   {summary['records']:,}, {summary['missing']:,} missing")
        say(f"  files     {printable(str(finished.folder))}")
