"""Signals that come before a run listens for them: sent by the program to itself, at a moment that is its own."""

from __future__ import annotations

import os
import signal
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

    match moment:
        case "while the configuration is read":
            load = config.load

            def struck_load(*given: Any, **options: Any) -> Any:
                strike()
                return load(*given, **options)

            config.load = struck_load
        case "before there is a loop":
            run = anyio.run

            def struck_run(*given: Any) -> Any:
                strike()
                return run(*given)

            anyio.run = struck_run  # type: ignore[assignment]  # only as the program calls it
        case "as it begins to listen":
            listen = anyio.open_signal_receiver

            def struck_listen(*numbers: Any) -> Any:
                strike()
                return listen(*numbers)

            anyio.open_signal_receiver = struck_listen  # type: ignore[assignment]  # only as the program calls it
        case "as the loop begins" | "as the job begins":
            attend = Terminal.attend

            async def struck_attend(terminal: Terminal, job: Any) -> Any:
                async def struck_job() -> Any:
                    strike()
                    return await job()

                if moment == "as the job begins":
                    return await attend(terminal, struck_job)
                strike()
                return await attend(terminal, job)

            Terminal.attend = struck_attend  # type: ignore[method-assign]  # only as the program calls it
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler, "as a shell starts it"
