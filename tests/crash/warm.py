"""A process that has imported the program and forks it for every order, for a start costs more than a run.

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
from pathlib import Path

from crash.moments import place_moments
from crash.order import Order
from orchestrator import cli

_ENDED = {signal.SIGCHLD}
_LATER = (
    "anyio._backends._asyncio",
    "anyio._core._signals",
    "orchestrator.cli.display",
    "orchestrator.cli.terminal",
)
"""What a run imports only when it comes to it."""


def serve(line: socket.socket) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDED)
    for module in _LATER:
        importlib.import_module(module)
    gc.freeze()  # so that a child's collections do not copy what it shares with us
    with line.makefile("rb") as orders:
        for words in orders:
            order = Order.load(words)
            child = os.fork()
            if child == 0:
                line.close()
                signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDED)
                become(order)
            line.sendall(json.dumps(_wait(child, order.seconds)).encode() + b"\n")


def _wait(child: int, seconds: float) -> int:
    if signal.sigtimedwait(_ENDED, seconds) is None:
        os.kill(child, signal.SIGKILL)
        signal.sigwait(_ENDED)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def become(order: Order) -> None:
    """Be the program, to its end, but for the interpreter's own tidying up."""
    os.chdir(order.cwd)
    os.environ.update(order.env)
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        opened = os.open(Path(order.cwd) / name, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.argv = ["orchestrator", *order.argv]
    place_moments(order)
    try:
        cli.main()
    except SystemExit as leaving:
        sys.stdout.flush()
        os._exit(int(leaving.code or 0))
    raise AssertionError("a command ends with an exit code")


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
