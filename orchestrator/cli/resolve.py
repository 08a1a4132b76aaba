"""`resolve`: a person's verdict on an item in doubt."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli.options import Common, Place, command, json_option, print_json, say, wait_option

_NEXT = {
    "accepted": "the next run polls it, and until it has ended the token can be taken back by another resolve",
    "not_accepted": "the next run sends it, if the file and the rules are as they were; else a newer version, and that "
    "once 15 minutes have gone by since the attempt",
    "resend": "the next run sends it again, and where the remote does not replace, all its rows come once more",
    "abandon": "it is sent again only when its file changes, or with --retry-failed",
}


@command
@click.argument("item")
@click.option("-o", "--output", type=Place(), help="Output folder; it holds the ledger.")
@click.option("--accepted", metavar="TOKEN", help="It arrived: this is its processing token; the next run polls it.")
@click.option("--not-accepted", is_flag=True, help="It did not arrive: the next run sends it.")
@click.option(
    "--resend",
    is_flag=True,
    help="Send it again: it replaces what stands under its Name, or is added where the remote replaces nothing.",
)
@click.option("--abandon", is_flag=True, help="Give it up: it counts as failed.")
@wait_option
@json_option
def resolve(
    common: Common,
    item: str,
    output: Path | None,
    accepted: str | None,
    not_accepted: bool,
    resend: bool,
    abandon: bool,
    wait: float,
) -> int:
    """Decide about ITEM, which is in doubt: its number, path or Name as `orchestrator status` shows it.

    The verdict is recorded in the ledger; the next run acts on it. A token that was given by mistake is taken back by
    a second verdict, as long as the item waits.
    """
    import anyio

    from orchestrator.model import Resolved, Token, Verdict
    from orchestrator.naming import printable
    from orchestrator.verdicts import settle

    given = [
        verdict
        for verdict, chosen in (
            (Verdict.ACCEPTED, accepted is not None),
            (Verdict.NOT_ACCEPTED, not_accepted),
            (Verdict.RESEND, resend),
            (Verdict.ABANDON, abandon),
        )
        if chosen
    ]
    if len(given) != 1:
        raise click.UsageError("give exactly one of --accepted TOKEN, --not-accepted, --resend and --abandon.")
    verdict = Resolved(given[0], Token(accepted.strip()) if accepted else None)
    common.set_up_logs(accepted or "")
    out = output or common.settings().output.folder
    job = anyio.run(settle, out, item, verdict, wait)
    say(f"resolve: {printable(job.path)} is now {job.state}; {_NEXT[verdict.verdict.value]}")
    if common.json:
        print_json({"exit_code": 0, "path": job.path, "state": job.state.value})
    return 0
