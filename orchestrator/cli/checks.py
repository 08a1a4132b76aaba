"""`validate`, `status` and `check`: commands that send nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from orchestrator.cli.options import Common, command, json_option, print_json, put_out, say


@command
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@json_option
def validate(common: Common, folder: Path | None) -> int:
    """Check every file of FOLDER without any network: each problem with file, line, column and rule."""
    import anyio

    from orchestrator.exits import Exit
    from orchestrator.survey import Finding, survey

    findings: list[Finding] = []

    def tell(finding: Finding) -> None:
        findings.append(finding)
        if not common.json:
            put_out(finding.text)

    settings = common.settings(folder=folder)
    files = anyio.run(survey, settings, tell)
    faulty = len({finding.path for finding in findings})
    say(f"validate: {files:,} files looked at, {len(findings):,} problems in {faulty:,} files")
    too_few = files < settings.input.minimum
    if too_few:
        say(f"validate: input.minimum expects at least {settings.input.minimum} files")
    code = Exit.REJECTS if findings or too_few else Exit.OK
    if common.json:
        problems = [finding.as_json() for finding in findings]
        print_json({"exit_code": int(code), "files": files, "problems": problems})
    return int(code)


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
        print_json(
            {
                "exit_code": int(code),
                "target": target,
                "counts": counts,
                "in_doubt": listed,
                "oldest_open": first,
            }
        )
        return int(code)
    for item in doubts:
        put_out(f"in doubt  item {item.id}: {printable(item.job.path)} (since {_moment(item.since)})")
        put_out(f"          {printable(item.job.cause)}")
    if doubts:
        put_out(
            "          decide with: orchestrator resolve ITEM --accepted TOKEN | --not-accepted | --resend | --abandon"
        )
    put_out(f"target    {printable(target)}")
    for state, number in counts.items():
        if number:
            put_out(f"{state:<10}{number:>9,}")
    if oldest:
        put_out(f"oldest    {printable(oldest.job.path)} is {oldest.job.state} since {_moment(oldest.since)}")
    return int(code)


@command
@json_option
def check(common: Common) -> int:
    """Check configuration, secrets, TLS, token and reachability. Sends no data."""
    import anyio

    from orchestrator.config import require_secrets
    from orchestrator.preflight import preflight

    settings = common.settings()
    secrets = require_secrets(settings)
    common.set_up_logs(secrets.client_secret, secrets.api_key)
    steps: list[str] = []

    def passed(step: str) -> None:
        steps.append(step)
        if not common.json:
            put_out(f"ok  {step}")

    anyio.run(preflight, settings, secrets, passed)
    if common.json:
        print_json({"exit_code": 0, "passed": steps})
    return 0


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
