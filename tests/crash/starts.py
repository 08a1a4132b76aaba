"""One start of the program over a folder of one's own, struck at a moment, outside a whole schedule."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import asdict

from cli.forks import fork
from cli.program import Outcome, attended, environment
from cli.stage import Stage, as_options
from crash.strike import Strike


async def start(
    stage: Stage,
    fatal: str = "",
    nth: int = 1,
    *,
    command: Sequence[str] = ("run",),
    signals: Sequence[int] = (signal.SIGKILL,),
    fine: bool = False,
    speed: float = 20.0,
    **settings: object,
) -> tuple[Outcome, list[str]]:
    """How it ended, and the moments that it passed."""
    trace = stage.root / "trace"
    trace.write_bytes(b"")
    numbers = [int(number) for number in signals]
    strike = Strike(trace=str(trace), fatal=fatal, nth=nth, signals=numbers, fine=fine, speed=speed)
    process = await fork(
        [*command, "--json", "-c", str(stage.config), *as_options(settings)],
        cwd=stage.root,
        env=environment(**stage.secrets),
        prepare="crash.moments",
        given=asdict(strike),
    )
    async with attended(process) as program:
        await program.wait()
    return program.outcome(), [line.partition("\t")[0] for line in trace.read_text().splitlines()]
