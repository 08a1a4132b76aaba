"""A process that has imported the program and forks it for every start, for a start costs more than a run.

What is forked enters by the program's own door, with arguments, an environment and descriptors of its own.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NoReturn

from orchestrator import cli
from orchestrator.edges import http

LONGEST = 128 << 10
"""Bytes of an order."""

_LATER = (
    "anyio._backends._asyncio",
    "anyio._core._signals",
    "orchestrator.batch",
    "orchestrator.cli.display",
    "orchestrator.cli.terminal",
)
"""What a run imports only when it comes to it."""

_AUTHORITIES = http.tls_context("")
"""Read once, before the fork: they take longer to read than a small run takes altogether."""


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
    for module in _LATER:
        importlib.import_module(module)
    tls_context = http.tls_context
    http.tls_context = lambda ca_file: tls_context(ca_file) if ca_file else _AUTHORITIES
    gc.freeze()  # so that a child's collections do not copy what it shares with us
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a keeper
    while True:
        words, descriptors, _, _ = socket.recv_fds(line, LONGEST, 3)
        if not words:
            return
        if os.fork() == 0:
            line.close()
            _keep(Order(**json.loads(words)), *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _keep(order: Order, out: int, err: int, told: int) -> NoReturn:
    """Fork the program and tell how it ended: minus the signal's number, or its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child == 0:
        os.close(told)
        _become(order, out, err)
    os.close(out)
    os.close(err)
    os.write(told, b"%d\n" % child)
    _, status = os.waitpid(child, 0)
    os.write(told, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _become(order: Order, out: int, err: int) -> NoReturn:
    """Be the program, to its end, but for the interpreter's own tidying up."""
    for opened, place in ((out, 1), (err, 2)):
        os.dup2(opened, place)
        os.close(opened)
    os.chdir(order.cwd)
    os.umask(order.umask)
    os.environ.clear()
    os.environ.update(order.env)
    sys.argv = ["orchestrator", *order.argv]
    if order.prepare:
        importlib.import_module(order.prepare).prepare(**order.given)
    try:
        cli.main()
    except SystemExit as leaving:
        sys.stdout.flush()
        os._exit(int(leaving.code or 0))
    raise AssertionError("a command ends with an exit code")


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
