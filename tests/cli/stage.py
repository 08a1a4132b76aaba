"""The real program as a process of its own, between a folder of files and a sandbox in this process."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import jsonschema
from anyio.abc import Process

from cli.forks import Fork, fork
from cli.ledger import Line, newest, read_ledger
from cli.rosters import Roster, write_all
from orchestrator.edges.report import summary_schema
from orchestrator.sandbox import Fault, Profile, Sandbox, serve

PATIENCE = 60.0
"""Seconds after which a program that should have ended, or a moment that should have come, is a failure."""

AFRESH = ("env",)
"""As a shell starts it: a new interpreter, with a command line of its own."""

QUICK = Profile(job_base=0.0)

_SUMMARY = jsonschema.Draft202012Validator(summary_schema())

CONFIG = """
[input]
folder = "inbox"
settle = 0

[output]
folder = "out"

[target]
base_url = "{base_url}"
token_url = "{token_url}"
client_id = "{client_id}"

[polling]
first = 0.02
factor = 1.0
cap = 0.05
"""


def held(endpoint: str, kind: str = "hold_before", **where: Any) -> Fault:
    """A request that waits until it is released, however long that takes."""
    return Fault(endpoint=endpoint, kind=kind, seconds=math.inf, **where)


def scripted(*faults: Fault, **knobs: Any) -> Profile:
    return Profile(job_base=0.0, script=faults, **knobs)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A program that has ended. Whatever happened, it must not have shown a traceback."""

    code: int
    out: bytes
    err: str

    def __post_init__(self) -> None:
        assert "Traceback" not in self.err
        assert "Warning" not in self.err
        assert self.code != 1, self.err

    @property
    def json(self) -> dict[str, Any]:
        """What stdout holds: one JSON object on one line, and nothing else."""
        (line,) = self.out.decode().splitlines()
        content = json.loads(line)
        assert isinstance(content, dict)
        assert content["exit_code"] == self.code
        return content

    @property
    def summary(self) -> dict[str, Any]:
        """The summary of a run, which keeps to its schema and whose books balance."""
        summary = self.json
        _SUMMARY.validate(summary)
        files = dict(summary["files"])
        assert files.pop("found") + files.pop("adopted") == sum(files.values()), summary
        for book in summary["rows"].values():
            assert book["read"] == book["invalid"] + book["withheld"] + book["sent"], summary
            assert book["sent"] == book["accepted"] + book["refused"] + book["unknown"], summary
        return summary

    @property
    def ends(self) -> dict[str, int]:
        """Of the files in the summary, those counts that are not zero."""
        return {key: count for key, count in self.summary["files"].items() if count}


class Running:
    def __init__(self, process: Fork | Process) -> None:
        self._process = process
        self._out, self._err = bytearray(), bytearray()
        self._heard = anyio.Event()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process.returncode is not None

    def open_files(self) -> list[str]:
        """What it has open at this moment, as Linux tells it."""
        handles = f"/proc/{self.pid}/fd"
        found = []
        with suppress(OSError):
            for handle in os.listdir(handles):
                with suppress(OSError):
                    found.append(os.readlink(f"{handles}/{handle}"))
        return found

    def command_line(self) -> bytes:
        """What everybody on this machine can see of it."""
        return Path(f"/proc/{self.pid}/cmdline").read_bytes()

    def kill(self) -> None:
        if not self.has_ended:
            self._process.send_signal(signal.SIGKILL)

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def wait(self) -> int:
        return await self._process.wait()

    async def until_said(self, text: str) -> None:
        """Return as soon as stderr holds *text*."""
        while text not in self._err.decode("utf-8", "replace"):
            self._heard = anyio.Event()
            await self._heard.wait()

    async def until_printed(self) -> dict[str, Any]:
        """The first line of stdout, which is JSON."""
        while b"\n" not in self._out:
            self._heard = anyio.Event()
            await self._heard.wait()
        return json.loads(self._out.partition(b"\n")[0])

    async def collect(self, stream: AsyncIterable[bytes], held: bytearray) -> None:
        async for chunk in stream:
            held += chunk
            self._heard.set()

    async def listen(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        async with anyio.create_task_group() as readers:
            readers.start_soon(self.collect, self._process.stdout, self._out)
            readers.start_soon(self.collect, self._process.stderr, self._err)
            if isinstance(self._process, Fork):
                readers.start_soon(self._process.follow)

    def outcome(self) -> Outcome:
        assert self._process.returncode is not None
        return Outcome(code=self._process.returncode, out=bytes(self._out), err=self._err.decode())


@asynccontextmanager
async def attended(process: Fork | Process) -> AsyncIterator[Running]:
    """Whoever leaves before its end ends it."""
    try:
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as beside:
                program = Running(process)
                beside.start_soon(program.listen)
                try:
                    yield program
                finally:
                    program.kill()
                await program.wait()
    except BaseExceptionGroup as group:
        if len(group.exceptions) > 1:
            raise
        raise group.exceptions[0] from None
    finally:
        await process.aclose()


@asynccontextmanager
async def running(*arguments: str, cwd: Path, env: dict[str, str], by: Sequence[str] = ()) -> AsyncIterator[Running]:
    """The program under way, forked, or as a new interpreter started by the command *by*."""
    process: Fork | Process
    if by:
        command = [*by, sys.executable, "-m", "orchestrator", *arguments]
        process = await anyio.open_process(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL)
    else:
        process = await fork(arguments, cwd=cwd, env=env)
    async with attended(process) as program:
        yield program


def environment(**variables: str) -> dict[str, str]:
    """That of these tests, without anything that configures the program, and with *variables*."""
    ours = {name: value for name, value in os.environ.items() if not name.upper().startswith("ORCHESTRATOR_")}
    return {**ours, **variables}


async def call(*arguments: str, cwd: Path, by: Sequence[str] = AFRESH, **variables: str) -> Outcome:
    """The program from its start to its end."""
    async with running(*arguments, cwd=cwd, env=environment(**variables), by=by) as program:
        await program.wait()
    return program.outcome()


def as_options(settings: dict[str, object]) -> list[str]:
    """`limits__uploads=1` as `--set limits.uploads=1`."""
    return [
        word
        for key, value in settings.items()
        for word in (
            "--set",
            f"{key.replace('__', '.')}={str(value).lower() if value in (True, False) else value}",
        )
    ]


class Stage:
    def __init__(self, root: Path, remote: Sandbox) -> None:
        self.root = root
        self.remote = remote
        self.folder, self.out, self.config = root / "inbox", root / "out", root / "orchestrator.toml"
        self.folder.mkdir(exist_ok=True)
        self.config.write_text(
            CONFIG.format(base_url=remote.base_url, token_url=remote.token_url, client_id=remote.client_id)
        )
        self.secrets = {
            "ORCHESTRATOR_TARGET__CLIENT_SECRET": remote.client_secret,
            "ORCHESTRATOR_TARGET__API_KEY": remote.api_key,
        }
        self.on_entry: Callable[[], object] = lambda: None
        self._changed = anyio.Event()
        self._add = remote.record.add
        remote.record.add = self._noted  # type: ignore[method-assign]

    def _noted(self, kind: str, **fields: Any) -> None:
        self._add(kind, **fields)
        changed, self._changed = self._changed, anyio.Event()
        changed.set()
        self.on_entry()

    async def until(self, seen: Callable[[], object]) -> None:
        """Return as soon as *seen* holds, which is asked after every entry of the sandbox's record."""
        while not seen():
            await self._changed.wait()

    async def until_at_the_lock(self, program: Running) -> None:
        """Return as soon as *program* has the lock file open, to hold it or to wait for it."""
        lock = str(self.out / ".orchestrator" / "lock")
        while not program.has_ended and lock not in program.open_files():
            with anyio.move_on_after(0.01):
                await program.wait()

    # The program

    async def call(self, command: str, *arguments: str, by: Sequence[str] = (), **settings: object) -> Outcome:
        async with self.start(command, *arguments, by=by, **settings) as program:
            await program.wait()
        return program.outcome()

    async def run(self, *arguments: str, **settings: object) -> Outcome:
        return await self.call("run", "--json", *arguments, **settings)

    @asynccontextmanager
    async def start(
        self, command: str, *arguments: str, by: Sequence[str] = (), **settings: object
    ) -> AsyncIterator[Running]:
        words = [command, *arguments, "-c", str(self.config), *as_options(settings)]
        env = environment(**self.secrets)
        async with running(*words, cwd=self.root, env=env, by=by) as program:
            yield program

    # What there is to see afterwards

    @property
    def ledger(self) -> list[Line]:
        return read_ledger(self.out)

    @property
    def jobs(self) -> dict[str, Line]:
        """The newest version of each path."""
        return newest(self.ledger)

    @property
    def states(self) -> dict[str, str]:
        return {path: line.state for path, line in self.jobs.items()}

    @property
    def uploads(self) -> list[dict[str, Any]]:
        return self.remote.record.of("upload")

    def results(self, name: str) -> Path:
        return self.out / "results" / name

    def report(self, outcome: Outcome) -> Path:
        return self.out / "runs" / outcome.json["run"]


async def write_on(path: Path, program: Running) -> None:
    """Append a row every few milliseconds until *program* has ended."""
    with path.open("ab", buffering=0) as file:
        while not program.has_ended:
            file.write(b"N1,01/07/2024,09:00,01/07/2024,17:00\r\n")
            with anyio.move_on_after(0.02):
                await program.wait()


@asynccontextmanager
async def staged(
    root: Path, rosters: Iterable[Roster] = (), profile: Profile = QUICK, *, seed: int = 1
) -> AsyncIterator[Stage]:
    async with serve(profile, seed=seed) as remote:
        stage = Stage(root, remote)
        write_all(stage.folder, rosters)
        yield stage
