"""`session`: what a remote needs that only a person in a browser can configure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.options import Common, command, json_option, print_json, put_out, say

if TYPE_CHECKING:
    from orchestrator.config import EndgrateTarget
    from orchestrator.targets.endgrate import Sessions

    Act = Callable[[EndgrateTarget, Sessions], Awaitable[tuple[str, dict[str, Any]]]]


@click.group()
def session() -> None:
    """Sessions of Endgrate: somebody has to configure one in a browser before anything is sent or pulled."""


@command
@click.option("--save", is_flag=True, help="Keep it until it is deleted; others end after 72 hours.")
@json_option
def initiate(common: Common, save: bool) -> int:
    """Make a session for target.endgrate_type; print its id, and the page that a person has to open."""

    async def act(target: EndgrateTarget, sessions: Sessions) -> tuple[str, dict[str, Any]]:
        made = await sessions.initiate(target.endgrate_type, sync=target.sync, save=save)
        told = {"session_id": made, "page": sessions.pages(made)["page"]}
        return "open the page, choose and configure the provider there, and set target.session_id to the id", told

    return _carry_out(common, act, but="session_id")


@command
@json_option
def show(common: Common) -> int:
    """Say whether somebody has configured target.session_id (exit code 2 if not, as of a run), and print its pages."""

    async def act(target: EndgrateTarget, sessions: Sessions) -> tuple[str, dict[str, Any]]:
        configured = await sessions.is_configured(target.session_id)
        told = {"session_id": target.session_id, "configured": configured, **sessions.pages(target.session_id)}
        return "" if configured else "somebody has to open the page and configure it there", told

    return _carry_out(common, act, but="endgrate_type")


@command
@json_option
def delete(common: Common) -> int:
    """Delete target.session_id at the remote; what was written to the provider stays there."""

    async def act(target: EndgrateTarget, sessions: Sessions) -> tuple[str, dict[str, Any]]:
        await sessions.delete(target.session_id)
        return "", {"session_id": target.session_id, "deleted": True}

    return _carry_out(common, act, but="endgrate_type")


for each in (initiate, show, delete):
    session.add_command(each)


def _carry_out(common: Common, act: Act, *, but: str) -> int:
    import anyio

    from orchestrator.config import require_secrets
    from orchestrator.exits import Exit
    from orchestrator.remote import need_of_endgrate, require_endgrate

    settings = common.with_secrets(need_of_endgrate("sessions", but=but))
    target = require_endgrate(settings, "sessions")
    secrets = require_secrets(settings, but=but)
    common.set_up_logs(secrets.api_key)

    async def ask() -> tuple[str, dict[str, Any]]:
        from orchestrator.edges.http import open_http
        from orchestrator.remote import make_sessions

        async with open_http(Path(), ca_file=target.ca_file) as http:
            return await act(target, make_sessions(target, secrets, http))

    hint, told = anyio.run(ask)
    code = Exit.USAGE if told.get("configured") is False else Exit.OK
    if common.json:
        whole = print_json({"exit_code": int(code), **told})
    else:
        whole = put_out(
            "\n".join(
                f"{name:<15}{str(value).lower() if value in (True, False) else value}" for name, value in told.items()
            )
        )
    if hint:
        say(f"session: {hint}")
    return int(code if whole else Exit.USAGE)
