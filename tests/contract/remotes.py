"""The real targets, each configured as a run configures it, before the sandbox that speaks the API of its remote."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sandbox.visitor import INSTANT, Clock
from targets.remote import Clock as StillClock

from contract.stand import Stand, Watched
from contract.subject import Said
from edges.samples import Desk, csv, judge
from orchestrator.config import Credentials, Settings, load
from orchestrator.config.targets import KINDS
from orchestrator.edges.http import open_http
from orchestrator.errors import Busy, Denied, Garbled, Unclear
from orchestrator.model import Accepted, Token
from orchestrator.ports import Prepared, Trace
from orchestrator.remote import make_target
from orchestrator.sandbox import Fault, Profile, Sandbox, serve
from orchestrator.wiring import make_rules

CANARY = "canary-cell"
"""Part of every cell that is sent, in some case; no error may show it."""
HIDDEN = (
    r"(?i:canary)",
    r"sandbox\.[0-9a-f]{8}",
    "not\\+a",
    "not%2Ba",
    "00000000-0000-4000-8000-00005A4DB0C5",
    "signature=",
)
"""Also every bearer token, the secret as it is and encoded, the API key, and what opens a store of results."""

_LOST = ("drop_unread", "drop_before", "drop_after", "reset_before", "reset_after", "truncated")
BUSY = ("throttle", "throttle_date", "unavailable", "unavailable_date")
_SPENT = ("unauthorized", "revoke")
_GOOD = ("hold_before", "hold_after", "trickle", "stuck", "fail")
_TAKEN = {"drop_after", "reset_after", "error_after", "html_after", "truncated", "empty", *_GOOD}
WAIT = 3600.0
"""Seconds for which a remote that is busy wants to be left alone."""


def _faults(*, renews: bool) -> dict[str, tuple[Said, bool]]:
    """With a token that can be renewed, one that is spent is no trouble."""
    said: dict[str, Said] = {
        **dict.fromkeys(_LOST, Unclear),
        **dict.fromkeys(BUSY, Busy),
        **dict.fromkeys(_SPENT, Accepted if renews else Denied),
        **dict.fromkeys(_GOOD, Accepted),
        "unavailable_bare": Unclear,
        "error_before": Unclear,
        "error_after": Unclear,
        "html": Garbled,
        "html_after": Garbled,
        "empty": Garbled,
    }
    return {kind: (each, kind in _TAKEN or (renews and kind in _SPENT)) for kind, each in said.items()}


_USUAL: Mapping[str, object] = {"client_id": Sandbox.client_id, "session_id": Sandbox.session_id}


CREDENTIALS = Credentials(client_id=Sandbox.client_id, client_secret=Sandbox.client_secret, api_key=Sandbox.api_key)


@dataclass(frozen=True, kw_only=True)
class RemoteSubject:
    name: str
    api: str
    file: tuple[str, ...]
    """Of a kind that this remote takes: a header, and one row."""
    copies: Callable[[Sandbox], int]
    stranger: Token
    """Nobody has it, and it looks like one."""
    results: Callable[[Sandbox, Stand], Mapping[str, object]]
    """What there is to fetch after a success, as `read` reads it."""
    many: Callable[[int], tuple[str, ...]]
    """A file of so many rows."""
    refused: tuple[str, ...]
    """A file that is sent, and whose second row the remote does not take."""
    trace: Trace
    read: Callable[[str, bytes], object] = lambda key, body: body
    """Byte for byte, where the target keeps a result as it came."""
    refusing: Mapping[str, object] = field(default_factory=dict)
    """What makes the remote refuse the second row of `refused`, beyond its profile."""
    settings: Mapping[str, object] = field(default_factory=dict)
    profile: Profile = INSTANT
    prepare: Callable[[Sandbox], object] = lambda sandbox: None
    renews: bool = True
    """A bearer token that is spent can be had anew."""
    one_answer: bool = False
    secrets: Credentials = CREDENTIALS

    def __str__(self) -> str:
        return self.name

    @property
    def faults(self) -> Mapping[str, tuple[Said, bool]]:
        return _faults(renews=self.renews)

    @property
    def adds(self) -> bool:
        return self.api != "platform"

    @asynccontextmanager
    async def stand(self, folder: Path, *faults: str, file: tuple[str, ...] = ()) -> AsyncIterator[Stand]:
        script = [striking("upload", kind, nth) for nth, kind in enumerate(faults, 1)]
        async with self.at_sandbox(folder, *script, file=file) as (stand, _):
            yield stand

    @asynccontextmanager
    async def at_sandbox(
        self, folder: Path, *script: Fault, file: tuple[str, ...] = (), **knobs: Any
    ) -> AsyncIterator[tuple[Stand, Sandbox]]:
        clock = Clock()
        profile = replace(self.profile, script=script, **knobs)
        async with serve(profile, self.api, clock=clock, sleep=clock.sleep) as sandbox:
            self.prepare(sandbox)
            settings = self.at(folder, sandbox.base_url, sandbox.addresses)
            async with self.facing(folder, settings, file=file) as stand:

                def pass_time(seconds: float) -> None:
                    clock.now += seconds

                stand.pass_time = pass_time
                stand.taken = lambda: sum(entry["applied"] for entry in sandbox.record.of("upload"))
                stand.copies = lambda: self.copies(sandbox)
                stand.requests = lambda: sum(entry["kind"] != "token" for entry in sandbox.record.entries)
                yield stand, sandbox

    @asynccontextmanager
    async def facing(self, folder: Path, settings: Settings, *, file: tuple[str, ...] = ()) -> AsyncIterator[Stand]:
        """Whatever is there. The file is judged as in a run, so the job is what a run would make of it."""
        desk = Desk(folder)
        inbox = desk.inbox(data=make_rules(settings).schemas, name=settings.target.name)
        prepared = await judge(inbox, desk.put("night.csv", csv(*(file or self.file))))
        assert isinstance(prepared, Prepared)
        spill = folder / "spill"
        spill.mkdir(exist_ok=True)
        async with open_http(spill) as http:
            yield Stand(
                target=Watched(make_target(settings, self.secrets, http, StillClock()), HIDDEN),
                checked=prepared.checked,
                body=prepared.body,
                overwrites=settings.target.overwrites,
                pass_time=lambda seconds: None,
                taken=lambda: 0,
                copies=lambda: 0,
                requests=lambda: 0,
            )

    def at(self, folder: Path, base_url: str, addresses: Mapping[str, object] = _USUAL) -> Settings:
        """The configuration of such a target whose remote is there; a test's own server gives tokens where it can."""
        known = KINDS[self.api].model_fields
        own = {"token_url": f"{base_url}/connect/token", "token_path": "/connect/token"} if addresses is _USUAL else {}
        given = {"kind": self.api, "base_url": base_url, **own, **addresses, **self.settings}
        words = [f"target.{key}={value}" for key, value in given.items() if key in known]
        return load(None, overrides=words, environ={}, folder=folder, output=folder / "out")


def striking(endpoint: Any, kind: Any, nth: int = 1, times: int = 1) -> Fault:
    seconds = 0.001 if kind.startswith("hold") else WAIT if kind in BUSY else 1.0
    return Fault(endpoint=endpoint, kind=kind, nth=nth, times=times, seconds=seconds)
