"""Signals that come before a run listens for them: sent by the program to itself, at a moment that is its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import anyio

from orchestrator import config
from orchestrator.cli.terminal import Terminal

MOMENTS = (
    "while the configuration is read",
    "before there is a loop",
    "as the loop begins",
    "as it begins to listen",
    "as the job begins",
)


def prepare(moment: str, number: int) -> None:
    def strike() -> None:
        os.kill(os.getpid(), number)

    def struck(call: Callable[..., Any]) -> Callable[..., Any]:
        """A signal comes just before *call* is made."""

        def strike_and_call(*given: Any, **options: Any) -> Any:
            strike()
            return call(*given, **options)

        return strike_and_call

    match moment:
        case "while the configuration is read":
            config.load = struck(config.load)
        case "before there is a loop":
            anyio.run = struck(anyio.run)
        case "as the loop begins":
            Terminal.attend = struck_within(Terminal.attend, strike)
        case "as it begins to listen":
            anyio.open_signal_receiver = struck(anyio.open_signal_receiver)
        case "as the job begins":
            attend = Terminal.attend
            Terminal.attend = lambda terminal, job: attend(terminal, struck(job))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler, "as a shell starts it"


def struck_within(attend: Callable[..., Any], strike: Callable[[], None]) -> Callable[..., Any]:
    """In the loop already, where to call it is only to make a coroutine."""

    async def strike_and_attend(*given: Any) -> Any:
        strike()
        return await attend(*given)

    return strike_and_attend
