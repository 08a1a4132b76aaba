"""`pull`: records from the remote into files."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli.options import Common, Place, command, json_option, print_json, wait_option


@command
@click.option("-o", "--output", type=Place(), help="Output folder; it holds the ledger.")
@wait_option
@json_option
def pull(common: Common, output: Path | None, wait: float) -> int:
    """Have Endgrate pull records of target.endgrate_type, and write them below OUT/pulls as CSV and JSON Lines.

    Kill it anywhere, run the same command again, and it goes on with the transfer that is open; one that is done is
    followed by a new one.
    """
    import logging

    import anyio

    from orchestrator.cli.display import tell_pull
    from orchestrator.cli.terminal import Terminal, is_watched
    from orchestrator.config import require_secrets
    from orchestrator.pull import run_pull
    from orchestrator.remote import need_of_endgrate

    settings = common.with_secrets(need_of_endgrate("pulls"), output=output)
    secrets = require_secrets(settings)
    watched = is_watched() and not (common.verbose or common.quiet)
    common.set_up_logs(secrets.api_key, level=logging.WARNING if watched else logging.INFO)
    terminal = Terminal(shown=watched, as_json=common.json)
    with terminal:
        finished = anyio.run(terminal.attend, lambda: run_pull(settings, secrets, terminal, wait=wait))
    tell_pull(finished)
    if common.json:
        print_json(finished.summary)
    return int(finished.exit_code)
