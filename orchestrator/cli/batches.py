"""`run` and `backfill`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.options import Common, Place, Seconds, command, json_option, print_json, wait_option

if TYPE_CHECKING:
    from orchestrator.batch import Finished
    from orchestrator.config import Need, Settings
    from orchestrator.request import Request

_output = click.option("-o", "--output", type=Place(), help="Output folder; it holds the ledger.")
_only = click.option("--only", default="", metavar="PATTERN", help="Only files whose path matches, as 2024/*.csv.")
_retry = click.option("--retry-failed", is_flag=True, help="Send files that the remote refused once more.")


@command
@click.argument("folder", type=Place(), required=False)
@_output
@_only
@_retry
@wait_option
@json_option
def run(common: Common, folder: Path | None, output: Path | None, only: str, retry_failed: bool, wait: float) -> int:
    """Validate, upload, poll and collect every file of FOLDER.

    What earlier runs left open is taken up first. Safe to repeat: a finished, unchanged file costs no request.
    """
    from orchestrator.request import Request

    settings = ready(common, folder=folder, output=output)
    return run_and_tell(common, settings, Request(only=only, retry_failed=retry_failed, wait=wait))


@command
@click.argument("folder", type=Place())
@click.option("--since", required=True, type=click.DateTime(["%Y-%m-%d"]), help="First day, inclusive.")
@click.option("--until", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Last day, inclusive.")
@click.option("--canary", type=click.IntRange(min=0), default=0, metavar="N", help="Bring N files to done first.")
@click.option("--max-duration", type=Seconds(), metavar="SECONDS", help="Stop after so long; resumable.")
@_output
@_only
@_retry
@wait_option
@json_option
def backfill(
    common: Common,
    folder: Path,
    since: datetime,
    until: datetime,
    canary: int,
    max_duration: float | None,
    output: Path | None,
    only: str,
    retry_failed: bool,
    wait: float,
) -> int:
    """Run over the files whose path holds a date from SINCE to UNTIL, the oldest first.

    With --canary N, N files go through to done before the rest starts; when one of them fails, nothing else
    is started until it is mended or --retry-failed is given.
    """
    from orchestrator.request import Request

    if since > until:
        raise click.UsageError("--since is later than --until: nothing lies between them.")
    request = Request(
        command="backfill",
        only=only,
        since=since.date(),
        until=until.date(),
        canary=canary,
        max_duration=max_duration,
        retry_failed=retry_failed,
        wait=wait,
    )
    return run_and_tell(common, ready(common, folder=folder, output=output), request)


def ready(common: Common, *needs: Need, folder: Path | None, output: Path | None = None) -> Settings:
    """Settings with all that a run wants of them, and *needs*. Raises ConfigError before anything is made."""
    from orchestrator.config import FOLDERS
    from orchestrator.remote import TO_BE_ASKED
    from orchestrator.wiring import RULES

    return common.with_secrets(*TO_BE_ASKED, FOLDERS, *RULES, *needs, folder=folder, output=output)


def run_and_tell(common: Common, settings: Settings, request: Request) -> int:
    """The whole job, with signals, a display where somebody looks on, and the summary at its end."""
    finished = carry_out(common, settings, request)
    if common.json:
        print_json(finished.summary)
    return int(finished.exit_code)


def carry_out(common: Common, settings: Settings, request: Request) -> Finished:
    import logging

    import anyio

    from orchestrator.batch import run_batch
    from orchestrator.cli.display import tell
    from orchestrator.cli.terminal import Terminal, is_watched
    from orchestrator.config import renewable

    secrets = renewable(settings, common.with_secrets)
    watched = is_watched() and not (common.verbose or common.quiet)
    common.set_up_logs(secrets.client_secret, secrets.api_key, level=logging.WARNING if watched else logging.INFO)
    terminal = Terminal(shown=watched, as_json=common.json)
    with terminal:
        finished = anyio.run(terminal.attend, lambda: run_batch(settings, secrets, request, terminal))
    tell(finished)
    return finished
