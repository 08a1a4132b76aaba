"""The command line: argv in, exit code out. Heavy modules are imported by the commands that need them."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from contextlib import suppress
from typing import TextIO

import click

from orchestrator import __version__
from orchestrator.cli.batches import backfill, run
from orchestrator.cli.checks import check, validate
from orchestrator.cli.inspect import inspect
from orchestrator.cli.options import Terminated, print_json, say, silence
from orchestrator.cli.pulls import pull
from orchestrator.cli.resolve import resolve
from orchestrator.cli.resubmit import resubmit
from orchestrator.cli.schema import schema
from orchestrator.cli.sessions import session
from orchestrator.cli.status import status
from orchestrator.cli.trial import demo, sandbox

_PR_SET_DUMPABLE = 4
"""prctl(2)."""
_M_MMAP_THRESHOLD, _LARGE = -3, 1 << 20
"""mallopt(3), and from how many bytes on a piece of memory is one of its own."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="orchestrator")
def app() -> None:
    """Carry a folder of CSV files into a bulk-import API: never lost, never silently duplicated.

    Kill it anywhere, run the same command again, and it goes on.

    \b
    Exit codes
      0   all done, or everything known already
      2   usage, configuration, wrong URL, damaged ledger, unwritable output
      3   some files or rows are rejected or failed, or fewer files found than expected
      4   something is in doubt: a person must look (orchestrator status)
      5   unfinished: run the same command again
      75  another run holds the lock       77  credentials refused
      130 / 143  stopped by a signal: run the same command again       1  a bug
    """


for command in (
    *(run, backfill, resubmit, validate, inspect, schema, status),
    *(resolve, check, session, pull, sandbox, demo),
):
    app.add_command(command)


def main() -> None:
    """The one door. The code that a command came to is the one that the process ends with."""
    _occupy_standard_descriptors()
    _keep_to_ourselves()
    _give_memory_back()
    signal.signal(signal.SIGTERM, _terminate)
    code = _carry_out()
    _let_go(sys.stdout, 1)
    _let_go(sys.stderr, 2)
    sys.exit(code)


def _carry_out() -> int:
    """What click finds wrong with a command line ends like every other error."""
    try:
        return int(app(prog_name="orchestrator", standalone_mode=False))
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        if "--json" in sys.argv:
            print_json({"exit_code": error.exit_code, "message": error.format_message()})
        return error.exit_code
    except Terminated:
        return 128 + signal.SIGTERM
    except (click.Abort, KeyboardInterrupt):
        return 128 + signal.SIGINT
    except SystemExit:
        return 0  # only click's way to say that nobody reads --help any more
    except OSError as error:
        say(f"orchestrator: the help cannot be written ({error.strerror}). Send it elsewhere.")
        return 2


def _let_go(stream: TextIO | None, descriptor: int) -> None:
    """What stays unwritten must not make the interpreter, which tries once more at its end, say 120."""
    try:
        if stream is not None:
            stream.flush()
    except OSError:
        silence(descriptor)


def _occupy_standard_descriptors() -> None:
    """Started with one of them closed, the next file that is opened would take its number, and its output."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _keep_to_ourselves() -> None:
    """Others have no part in what we write, nor in our memory, which holds the secrets, if the process aborts."""
    os.umask(os.umask(0o077) | 0o027)
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))
    if sys.platform == "linux":  # a core that is piped knows no limit, and others of this user could read us as we run
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _give_memory_back() -> None:
    """What a large file takes comes from the system and goes back to it, piece by piece.

    Left to itself glibc learns from such pieces to keep them, in a heap for every thread: twice as much in all.
    """
    with suppress(AttributeError):  # another C library, which has no such switch
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)


def _terminate(signum: int, _: object) -> None:
    """Until a run listens for itself."""
    raise Terminated
