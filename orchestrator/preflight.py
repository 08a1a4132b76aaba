"""Does everything stand ready for tonight? What `check` is: it asks for a token and for nobody's results."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path

from orchestrator.config import Client, Credentials, Settings, Target, target_id
from orchestrator.edges.clock import SystemClock
from orchestrator.edges.http import open_http
from orchestrator.errors import Garbled, Misdirected, Missing, Unclear
from orchestrator.model import Token
from orchestrator.remote import make_target, require_paths
from orchestrator.wiring import make_folder, make_rules


async def preflight(settings: Settings, secrets: Credentials, passed: Callable[[str], None]) -> None:
    """Calls *passed* for every step; raises the first trouble, with its remedy."""
    make_rules(settings)
    passed(f"configuration and secrets of {target_id(settings)}")
    make_folder(settings)
    passed(f"input folder {settings.input.folder}")
    with tempfile.TemporaryDirectory() as spill:
        async with open_http(Path(spill), ca_file=settings.target.ca_file) as http:
            target = make_target(settings, secrets, http, SystemClock())
            await target.sign_in()
            if isinstance(settings.target, Client):
                passed("the identity server gives out a token")
            try:
                await target.probe()
            except Garbled as error:
                raise Misdirected(f"{error}. Is target.base_url the API?") from None
            passed("the remote is well")
            if not settings.target.tracks:
                passed("it offers no status: what it takes is done")
                return
            try:
                await require_paths(target)
                await target.check(Token(str(uuid.uuid4())))
            except Missing:
                passed(f"the API answers, and takes {_shown_to_it(settings.target)}")
            except Unclear as error:
                raise Misdirected(f"{error}. Is target.base_url the API?") from None
            else:
                passed("the API answers")


def _shown_to_it(target: Target) -> str:
    shown = {"the token": isinstance(target, Client), "the API key": "api_key" in target.needs}
    return " and ".join(what for what, is_shown in shown.items() if is_shown)
