"""A process that has imported the program and forks it for every start, for a start costs more than a run.

What is forked enters by the program's own door, with arguments, an environment and descriptors of its own.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import asdict, dataclass, field
from io import StringIO
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import structlog

from orchestrator import cli as program

LONGEST = 128 << 10
"""Bytes of an order."""

_LATER = (
    "_strptime",
    "anyio._backends._asyncio",
    "anyio._core._signals",
    "click._textwrap",
    "encodings.utf_8_sig",
    "orchestrator.batch",
    "orchestrator.cli.display",
    "orchestrator.cli.findings",
    "orchestrator.cli.terminal",
    "orchestrator.survey",
    "orchestrator.verdicts",
)
"""What a command imports only when it comes to it."""

_PREPARATIONS = ("cli.early", "cli.poison", "crash.moments")
"""The modules that orders name."""


@dataclass(frozen=True, kw_only=True)
class Order:
    argv: Sequence[str]
    cwd: str
    env: Mapping[str, str]
    umask: int
    prepare: str = ""
    """A module whose `prepare(**given)` is called in the process before it becomes the program."""
    given: Mapping[str, Any] = field(default_factory=dict)

    def dump(self) -> bytes:
        return json.dumps(asdict(self)).encode()


def serve(line: socket.socket) -> None:
    """One order a message, with the descriptors of stdout, of stderr, and of where to tell its number and its end."""
    for module in (*_LATER, *_PREPARATIONS):
        importlib.import_module(module)
    _rehearse()
    gc.freeze()  # so that a child's collections do not copy what it shares with us
    _Keeper(line).keep()


class _Keeper:
    """Forks the program and tells how it ended: minus the signal's number, or its exit code."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._ends, self._struck = os.pipe()
        self._tellers: dict[int, int] = {}

    def keep(self) -> None:
        """Until there is nobody any more who could order one."""
        os.set_blocking(self._struck, False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(self._struck)
        while True:
            ready, _, _ = select.select([self._line, self._ends], [], [])
            if self._ends in ready:
                os.read(self._ends, LONGEST)
                self._tell_ends()
            if self._line in ready:
                words, descriptors, _, _ = socket.recv_fds(self._line, LONGEST, 3)
                if not words:
                    return
                self._fork(Order(**json.loads(words)), *descriptors)

    def _fork(self, order: Order, out: int, err: int, told: int) -> None:
        child = os.fork()
        self._tellers[child] = told
        if child == 0:
            self._leave()
            _become(order, out, err)
        os.close(out)
        os.close(err)
        _tell(told, child)

    def _leave(self) -> None:
        """In the process that was forked: nothing of ours is its own."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._line.close()
        for descriptor in (self._ends, self._struck, *self._tellers.values()):
            os.close(descriptor)

    def _tell_ends(self) -> None:
        while self._tellers:
            child, status = os.waitpid(-1, os.WNOHANG)
            if not child:
                return
            told = self._tellers.pop(child)
            _tell(told, os.waitstatus_to_exitcode(status))
            os.close(told)


def _tell(told: int, number: int) -> None:
    with suppress(BrokenPipeError):  # nobody waits for it any more
        os.write(told, b"%d\n" % number)


def _rehearse() -> None:
    """A run, so that nothing is done for the first time in each of those that we fork."""
    nowhere = StringIO()
    with TemporaryDirectory() as folder, redirect_stdout(nowhere), redirect_stderr(nowhere):
        program.app(["demo", "-o", folder], standalone_mode=False)
    structlog.reset_defaults()
    for thread in set(threading.enumerate()) - {threading.current_thread()}:
        thread.join()


def _become(order: Order, out: int, err: int) -> NoReturn:
    """Be the program, to its end, but for the interpreter's own tidying up."""
    for opened, place in ((out, 1), (err, 2)):
        os.dup2(opened, place)
        os.close(opened)
    os.chdir(order.cwd)
    os.umask(order.umask)
    os.environ.clear()
    os.environ.update(order.env)
    sys.path[1:1] = filter(None, order.env.get("PYTHONPATH", "").split(os.pathsep))
    sys.argv = ["orchestrator", *order.argv]
    if order.prepare:
        importlib.import_module(order.prepare).prepare(**order.given)
    try:
        program.main()
    except SystemExit as leaving:
        sys.stdout.flush()
        os._exit(int(leaving.code or 0))
    raise AssertionError("a command ends with an exit code")


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
