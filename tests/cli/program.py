"""The real program as a process of its own: forked from a warm one, or as a shell starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import jsonschema
from anyio.abc import Process

from cli.forks import Fork, fork
from orchestrator.edges.report import summary_schema

PATIENCE = 60.0
"""Seconds after which a program that should have ended, or a moment that should have come, is a failure."""

AFRESH = ("env",)
"""As a shell starts it: a new interpreter, with a command line of its own."""

_SUMMARY = jsonschema.Draft202012Validator(summary_schema())


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
            assert book["read"] == book["invalid"] + book["withheld"] + book["known"] + book["sent"], summary
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

    @property
    def said(self) -> bytes:
        """All of it so far, on either stream."""
        return bytes(self._out + self._err)

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


async def call(*arguments: str, cwd: Path, by: Sequence[str] = (), **variables: str) -> Outcome:
    """The program from its start to its end."""
    async with running(*arguments, cwd=cwd, env=environment(**variables), by=by) as program:
        await program.wait()
    return program.outcome()
