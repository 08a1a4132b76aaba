"""`validate`, `status` and `check`: commands that send nothing."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.options import Common, command, json_option, print_json, put_out, say

if TYPE_CHECKING:
    from orchestrator.exits import Exit


@command
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option(
    "--explain",
    is_flag=True,
    help="Show the first rows of the first files, before and after. Prints cells, to stdout only.",
)
@click.option("--all", "every", is_flag=True, help="Tell every problem, not only the first 100 of each file.")
@json_option
def validate(common: Common, folder: Path | None, explain: bool, every: bool) -> int:
    """Check every file of FOLDER without any network: each problem with file, line, column and rule."""
    import anyio

    from orchestrator.cli.findings import Findings
    from orchestrator.exits import Exit
    from orchestrator.survey import FILES_SHOWN, FIRST, ROWS_SHOWN, show, survey

    told = _Told()
    settings = common.settings(folder=folder)
    if explain and common.json:
        raise click.UsageError("--explain prints rows, and --json one object: use one of them.")
    if explain and (files := anyio.run(show, settings, told.put)):
        of = f"{min(FILES_SHOWN, files)} of {files:,} files; --set input.pattern=NAME shows others"
        say(f"validate: shown are at most {ROWS_SHOWN} rows of {of if files > FILES_SHOWN else 'each file'}")
    with Findings(None if common.json else told.put) as found:
        look = functools.partial(survey, settings, found.add, first=None if every else FIRST)
        files = anyio.run(look)
        warned = f", {found.warnings:,} warnings" if found.warnings else ""
        say(f"validate: {files:,} files looked at, {found.errors:,} problems in {found.faulty:,} files{warned}")
        too_few = files < settings.input.minimum
        if too_few:
            say(f"validate: input.minimum expects at least {settings.input.minimum} files")
        code = Exit.REJECTS if found.errors or too_few else Exit.OK
        if common.json:
            told.put_pieces(found.as_json({"exit_code": int(code), "files": files}))
    return told.end(code)


@command
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Output folder; it holds the ledger.")
@json_option
def status(common: Common, output: Path | None) -> int:
    """What the ledger knows: what needs a person first, then counts by state and the oldest open item."""
    from orchestrator.edges.view import open_view
    from orchestrator.edges.workplace import ledger_file
    from orchestrator.exits import Exit
    from orchestrator.naming import printable

    out = output or common.settings().output.folder
    with open_view(ledger_file(out)) as view:
        target, counts, doubts, oldest = view.target(), view.counts(), view.in_doubt(), view.oldest_open()
    code = Exit.IN_DOUBT if doubts else Exit.OK
    told = _Told()
    if common.json:
        listed = [
            {
                "item": i.id,
                "path": i.job.path,
                "name": i.job.name,
                "cause": i.job.cause,
                "since": _moment(i.since),
            }
            for i in doubts
        ]
        first = {"item": oldest.id, "path": oldest.job.path, "since": _moment(oldest.since)} if oldest else None
        told.put_json(
            {
                "exit_code": int(code),
                "target": target,
                "counts": counts,
                "in_doubt": listed,
                "oldest_open": first,
            }
        )
        return told.end(code)
    for item in doubts:
        part = item.job.part
        which = f", part {part.number:,} of {part.of:,} (line {part.line:,} on)" if part else ""
        told.put(f"in doubt  item {item.id}: {printable(item.job.path)}{which} (since {_moment(item.since)})")
        told.put(f"          {printable(item.job.cause)}")
    if doubts:
        where = printable(shlex.quote(str(out)))
        told.put(
            f"          decide with: orchestrator resolve ITEM -o {where} "
            "--accepted TOKEN | --not-accepted | --resend | --abandon"
        )
    told.put(f"target    {printable(target)}")
    for state, number in counts.items():
        if number:
            told.put(f"{state:<10}{number:>9,}")
    if oldest:
        told.put(f"oldest    {printable(oldest.job.path)} is {oldest.job.state} since {_moment(oldest.since)}")
    return told.end(code)


@command
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@json_option
def check(common: Common, folder: Path | None) -> int:
    """Check configuration, secrets, TLS, token and reachability. Sends no data."""
    import anyio

    from orchestrator.config import require_secrets
    from orchestrator.exits import Exit
    from orchestrator.preflight import preflight

    settings = common.settings(folder=folder)
    secrets = require_secrets(settings)
    common.set_up_logs(secrets.client_secret, secrets.api_key)
    steps: list[str] = []
    told = _Told()

    def passed(step: str) -> None:
        steps.append(step)
        if not common.json:
            told.put(f"ok  {step}")

    anyio.run(preflight, settings, secrets, passed)
    if common.json:
        told.put_json({"exit_code": 0, "passed": steps})
    return told.end(Exit.OK)


class _Told:
    """The output of a command that is there for nothing else: without it, the command has not done its work."""

    def __init__(self) -> None:
        self._whole = True

    def put(self, text: str) -> None:
        self._whole = put_out(text) and self._whole

    def put_json(self, content: Mapping[str, Any]) -> None:
        self._whole = print_json(content) and self._whole

    def put_pieces(self, pieces: Iterable[str]) -> None:
        for piece in pieces:
            self._whole = put_out(piece, end="") and self._whole

    def end(self, code: Exit) -> int:
        """*code*, which says more than that its words were lost, unless it says that all is well."""
        from orchestrator.exits import Exit

        return int(Exit.USAGE if code is Exit.OK and not self._whole else code)


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
