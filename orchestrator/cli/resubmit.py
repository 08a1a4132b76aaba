"""`resubmit`: mended lists of rejects go where their files went."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.batches import carry_out, ready
from orchestrator.cli.options import Common, Place, command, json_option, print_json, say, wait_option

if TYPE_CHECKING:
    from orchestrator.config import Settings


@command
@click.argument("lists", nargs=-1, metavar="[LIST]...")
@click.option("-i", "--input", "folder", type=Place(), help="Input folder, as `run` was given it.")
@click.option("-o", "--output", type=Place(), help="Output folder; it holds rejects/ and the ledger.")
@wait_option
@json_option
def resubmit(common: Common, lists: tuple[str, ...], folder: Path | None, output: Path | None, wait: float) -> int:
    """Send the rows that were mended in lists of rejects: those named, or all below OUTPUT/rejects.

    Mend the rows where they lie; _line says where each belongs, the other columns with _ need no care. Where the
    remote replaces by Name, the file goes with its mended rows in their places; where it adds, they go alone.
    What is not right yet stays in the list. A row that was accepted before is refused.
    """
    from orchestrator.config import Need
    from orchestrator.edges.view import open_view, require_ledger
    from orchestrator.edges.workplace import ledger_file
    from orchestrator.lineage import lineage
    from orchestrator.naming import printable
    from orchestrator.request import Request

    settings = ready(common, Need(_require_word), folder=folder, output=output)
    ledger = ledger_file(settings.output.folder)
    require_ledger(ledger)
    finished = carry_out(common, settings, Request(command="resubmit", lists=lists, wait=wait))
    with open_view(ledger) as view:
        told = {path: lineage(view.versions(path)) for path in finished.resubmitted}
    for path, line in told.items():
        say(f"  {printable(path)}: {line}")
    if common.json:
        print_json(finished.summary)
    return int(finished.exit_code)


def _require_word(settings: Settings) -> None:
    from orchestrator.errors import ConfigError

    if settings.target.adds is None:
        raise ConfigError(
            "target.replaces: is missing. Say true if a new version takes the place of the one before at this remote, "
            "false if its rows come to those that are there: else mended rows would undo, or repeat, the others."
        )
