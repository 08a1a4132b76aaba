"""`validate` and `check`: commands that send nothing."""

from __future__ import annotations

import functools
from pathlib import Path

import click

from orchestrator.cli.batches import ready
from orchestrator.cli.options import Common, Place, Told, command, json_option, say


@command
@click.argument("folder", type=Place(), required=False)
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
    from orchestrator.config import FOLDERS
    from orchestrator.exits import Exit
    from orchestrator.survey import FILES_SHOWN, FIRST, ROWS_SHOWN, show, survey
    from orchestrator.wiring import RULES

    told = Told()
    settings = common.settings(FOLDERS, *RULES, folder=folder)
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
            say(f"validate: {settings.input.shortage}")
        code = Exit.REJECTS if found.errors or too_few else Exit.OK
        if common.json:
            told.put_pieces(found.as_json({"exit_code": int(code), "files": files}))
    return told.end(code)


@command
@click.argument("folder", type=Place(), required=False)
@json_option
def check(common: Common, folder: Path | None) -> int:
    """Check configuration, secrets, TLS, token and reachability. Sends no data."""
    import anyio

    from orchestrator.config import require_secrets
    from orchestrator.exits import Exit
    from orchestrator.preflight import preflight

    settings = ready(common, folder=folder)
    secrets = require_secrets(settings)
    common.set_up_logs(secrets.client_secret, secrets.api_key)
    steps: list[str] = []
    told = Told()

    def passed(step: str) -> None:
        steps.append(step)
        if not common.json:
            told.put(f"ok  {step}")

    anyio.run(preflight, settings, secrets, passed)
    if common.json:
        told.put_json({"exit_code": 0, "passed": steps})
    return told.end(Exit.OK)
