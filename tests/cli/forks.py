"""Our end of the line to the process that forks the program; there is one for all tests of a worker."""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path
from typing import Any

import anyio

from cli.warm import LONGEST, Order

TESTS = Path(__file__).parent.parent
_GULP = 64 << 10


class Fork:
    """A program under way, to be used as a process of anyio's."""

    def __init__(self, out: int, err: int, told: int) -> None:
        self.pid = 0
        self.returncode: int | None = None
        self._descriptors = (out, err, told)
        self._told = _lines(told)
        self._ended = anyio.Event()
        self.stdout, self.stderr = _chunks(out), _chunks(err)

    async def begin(self) -> None:
        self.pid = int(await anext(self._told))

    async def follow(self) -> None:
        self.returncode = int(await anext(self._told))
        self._ended.set()

    async def wait(self) -> int:
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    async def aclose(self) -> None:
        for descriptor in self._descriptors:
            os.close(descriptor)


async def fork(
    argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], prepare: str = "", given: Mapping[str, Any] | None = None
) -> Fork:
    umask = os.umask(0)
    os.umask(umask)
    order = Order(argv=argv, cwd=str(cwd), env=env, umask=umask, prepare=prepare, given=given or {}).dump()
    assert len(order) < LONGEST
    (out, out_end), (err, err_end), (told, told_end) = os.pipe(), os.pipe(), os.pipe()
    socket.send_fds(_line(), [order], ends := [out_end, err_end, told_end])
    for end in ends:
        os.close(end)
    forked = Fork(out, err, told)
    await forked.begin()
    return forked


@cache
def _line() -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", "cli.warm", str(theirs.fileno())]
    stack = ExitStack()
    stack.enter_context(
        subprocess.Popen(
            command, cwd=TESTS, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
    )
    stack.callback(ours.close)
    atexit.register(stack.close)
    theirs.close()
    return ours


async def _chunks(descriptor: int) -> AsyncIterator[bytes]:
    while True:
        await anyio.wait_readable(descriptor)
        if not (chunk := os.read(descriptor, _GULP)):
            return
        yield chunk


async def _lines(descriptor: int) -> AsyncIterator[bytes]:
    rest = b""
    async for chunk in _chunks(descriptor):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line
    raise AssertionError("the process that forks the program has ended")
