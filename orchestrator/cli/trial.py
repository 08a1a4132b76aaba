"""`sandbox` and `demo`: the remote API on loopback, to try and to rehearse with."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.options import Common, Place, command, json_option, print_json, say

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
@click.option("--log", type=Place(), help="Write its record here: one JSON line a request.")
@click.option("--seed", type=int, help="The same seed, the same night, and the same tokens; drawn if not given.")
def sandbox(common: Common, target: str, profile: str, port: int, log: Path | None, seed: int | None) -> int:
    """A remote API on loopback, for trial, tests and rehearsal. Prints one JSON line with its addresses.

    \b
    The line holds the trial credentials, too (they open nothing else; the client_id is sandbox-trial-client):
      platform  client_id, trial_client_secret, trial_api_key
      tao       client_id, trial_client_secret
      endgrate  session_id, trial_api_key

    \b
    Profiles: how long a request takes, how many jobs run at once, how long a job takes; the others wait for a slot.
      calm       no latency; no limit; 20 ms x L(0.4)
      realistic  20 to 60 ms; 8 jobs; (900 ms + 1 ms a row) x L(0.25)
      stormy     5 to 80 ms; 8 jobs; (300 ms + 1 ms a row) x L(0.6); tokens last 30 s; 27 faults by chance
      null       no latency; no limit; at once, and no row is validated
    Latency is uniform. L(s) is log-normal with median 1: 95 % of it lies between exp(-2s) and exp(2s).
    """
    import secrets

    import anyio

    from orchestrator.errors import ConfigError
    from orchestrator.naming import printable
    from orchestrator.sandbox import APIS, PROFILES, run_forever

    # A ledger that has met a token before takes a second one for a fault of the remote.
    chosen = secrets.randbits(32) if seed is None else seed

    def announce(addresses: dict[str, object]) -> None:
        trial = {f"trial_{name}": secret for name, secret in APIS[target].secrets.items()}
        print_json({**addresses, **trial, "seed": chosen})

    try:
        anyio.run(run_forever, PROFILES[profile], port, log, chosen, announce, target)
    except OSError as error:
        if error.filename is not None:
            raise ConfigError(
                f"--log {printable(str(log))}: {error.strerror}. Name a file that can be written."
            ) from None
        why = "something listens there already" if error.errno == errno.EADDRINUSE else error.strerror
        raise ConfigError(f"--port {port}: {why}. Name another port, or --port 0 for any free one.") from None
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Demo:
    files: str
    settings: tuple[str, ...] = ()


_DEMOS = {
    "platform": _Demo(files="daily rosters with their events"),
    "tao": _Demo(files="organizations, groups, users, links and sessions"),
    "endgrate": _Demo(files="contacts", settings=("target.endgrate_type=crm-contact", "target.key=id")),
}


@command
@click.option(
    "--target",
    type=click.Choice(list(_DEMOS)),
    default="platform",
    show_default=True,
    help="Which remote API the sandbox speaks, and whose files are sent.",
)
@click.option("-o", "--output", type=Place(), help="Output folder; a new temporary one if not given.")
@json_option
def demo(common: Common, target: str, output: Path | None) -> int:
    """Start the sandbox, run the real pipeline over bundled files, and show where the results are.

    Some of these files have bad rows on purpose: real dirt of a real export. Ends with 0 when the run went as
    it should, although a real run over such files would end with 3.
    """
    import tempfile

    import anyio

    from orchestrator.exits import Exit

    out = output or Path(tempfile.mkdtemp(prefix="orchestrator-demo-"))
    with resources.as_file(resources.files("orchestrator") / "samples" / target) as folder:
        say(f"demo: {_DEMOS[target].files}, a sandbox on loopback, output in {out}")
        code = anyio.run(_demo, common, target, folder, out)
    say("demo: look at rejects/ for what is wrong with which line, and at runs/*/files.csv for every file's fate")
    return 0 if code in (Exit.OK, Exit.REJECTS) else code


async def _demo(common: Common, target: str, folder: Path, out: Path) -> int:
    import logging

    from orchestrator.batch import run_batch
    from orchestrator.cli.display import tell
    from orchestrator.cli.terminal import Terminal
    from orchestrator.config import Credentials
    from orchestrator.request import Request
    from orchestrator.sandbox import APIS, PROFILES, serve

    async with serve(PROFILES["calm"], target) as remote:
        addresses = {"base_url": remote.base_url, **remote.addresses}
        settings = _settings(common, folder, out, target, addresses)
        known = APIS[target].secrets
        common.set_up_logs(*known.values(), level=logging.INFO)
        secrets = Credentials(
            client_id=remote.client_id,
            client_secret=known.get("client_secret", ""),
            api_key=known.get("api_key", ""),
        )
        terminal = Terminal(shown=False, as_json=common.json)
        finished = await terminal.attend(lambda: run_batch(settings, secrets, Request(command="demo"), terminal))
    tell(finished)
    if common.json:
        print_json(finished.summary)
    return int(finished.exit_code)


def _settings(common: Common, folder: Path, out: Path, target: str, addresses: Mapping[str, object]) -> Settings:
    from orchestrator.config.targets import KINDS

    own = (
        f"target.kind={target}",
        *(f"target.{key}={value}" for key, value in addresses.items() if key in KINDS[target].model_fields),
        "target.id=the sandbox of the demo",
        "validation.on_bad_rows=drop_rows",
        "input.settle=0",
        "polling.first=0.1",
        *_DEMOS[target].settings,
    )
    return replace(common, overrides=own + common.overrides).settings(folder=folder, output=out)
