"""`sandbox` and `demo`: the remote API on loopback, to try and to rehearse with."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.options import Common, command, json_option, print_json, say

if TYPE_CHECKING:
    from orchestrator.config import Settings


@command
@click.option(
    "--target",
    type=click.Choice(["platform", "tao", "endgrate"]),
    default="platform",
    show_default=True,
    help="Which remote API it is.",
)
@click.option(
    "--profile",
    type=click.Choice(["calm", "realistic", "stormy", "null"]),
    default="calm",
    show_default=True,
    help="How the remote behaves.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0: any free one.")
@click.option("--log", type=click.Path(path_type=Path), help="Write its record here: one JSON line a request.")
@click.option("--seed", type=int, help="The same seed, the same night, and the same tokens; drawn if not given.")
def sandbox(common: Common, target: str, profile: str, port: int, log: Path | None, seed: int | None) -> int:
    """A remote API on loopback, for trial, tests and rehearsal. Prints one JSON line with its addresses.

    \b
    The line holds the trial credentials, too (they open nothing else; the client_id is sandbox-trial-client):
      platform  client_id, trial_client_secret, trial_api_key
      tao       client_id, trial_client_secret
      endgrate  session_id, trial_api_key
    """
    import secrets

    import anyio

    from orchestrator.errors import ConfigError
    from orchestrator.sandbox import APIS, PROFILES, run_forever

    # A ledger that has met a token before takes a second one for a fault of the remote.
    chosen = secrets.randbits(32) if seed is None else seed

    def announce(addresses: dict[str, object]) -> None:
        trial = {f"trial_{name}": secret for name, secret in APIS[target].secrets.items()}
        print_json({**addresses, **trial, "seed": chosen})

    try:
        anyio.run(run_forever, PROFILES[profile], port, log, chosen, announce, target)
    except OSError as error:
        raise ConfigError(f"--port {port} or --log: {error.strerror}. Name a free port and a writable file.") from None
    return 0


@command
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Output folder; a new temporary one if not given."
)
@json_option
def demo(common: Common, output: Path | None) -> int:
    """Start the sandbox, run the real pipeline over the bundled rosters, and show where the results are.

    Some of these files have bad rows on purpose: real dirt of a real export. Ends with 0 when the run went as
    it should, although a real run over such files would end with 3.
    """
    import tempfile

    import anyio

    from orchestrator.exits import Exit

    out = output or Path(tempfile.mkdtemp(prefix="orchestrator-demo-"))
    with resources.as_file(resources.files("orchestrator") / "samples") as folder:
        say(f"demo: daily rosters with their events, a sandbox on loopback, output in {out}")
        code = anyio.run(_demo, common, folder, out)
    say("demo: look at rejects/ for what is wrong with which line, and at runs/*/files.csv for every file's fate")
    return 0 if code in (Exit.OK, Exit.REJECTS) else code


async def _demo(common: Common, folder: Path, out: Path) -> int:
    import logging

    from orchestrator.batch import Request, run_batch
    from orchestrator.cli.display import tell
    from orchestrator.cli.terminal import Terminal
    from orchestrator.config import Credentials
    from orchestrator.sandbox import PROFILES, serve

    async with serve(PROFILES["calm"]) as remote:
        settings = _settings(common, folder, out, remote.base_url, remote.token_url, remote.client_id)
        secrets = Credentials(client_id=remote.client_id, client_secret=remote.client_secret, api_key=remote.api_key)
        common.set_up_logs(remote.client_secret, remote.api_key, level=logging.INFO)
        terminal = Terminal(shown=False, as_json=common.json)
        finished = await terminal.attend(lambda: run_batch(settings, secrets, Request(command="demo"), terminal))
    tell(finished)
    if common.json:
        print_json(finished.summary)
    return int(finished.exit_code)


def _settings(common: Common, folder: Path, out: Path, base_url: str, token_url: str, client_id: str) -> Settings:
    from dataclasses import replace

    own = (
        f"target.base_url={base_url}",
        f"target.token_url={token_url}",
        f"target.client_id={client_id}",
        "target.id=the sandbox of the demo",
        "validation.on_bad_rows=drop_rows",
        "input.settle=0",
        "polling.first=0.1",
    )
    return replace(common, overrides=own + common.overrides).settings(folder=folder, output=out)
