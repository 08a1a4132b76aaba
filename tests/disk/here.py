"""One whole run in this process, over the real edges: for faults that cannot be planted from outside."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from structlog.testing import capture_logs

from cli.stage import Stage, as_options
from orchestrator.batch import Watcher, run_batch
from orchestrator.config import load, require_secrets
from orchestrator.errors import OrchestratorError
from orchestrator.exits import exit_for
from orchestrator.request import Request


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What the command line would tell. An error that is not ours would be a bug there, and goes through here."""

    code: int
    message: str
    summary: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


async def run_here(stage: Stage, **settings: object) -> Ended:
    chosen = load(
        stage.config,
        overrides=as_options(settings)[1::2],
        environ=stage.secrets,
        folder=stage.folder,
        output=stage.out,
    )
    with capture_logs() as logged:
        try:
            finished = await run_batch(chosen, require_secrets(chosen), Request(), Watcher())
        except OrchestratorError as error:
            return Ended(code=int(exit_for(error)), message=str(error))
    return Ended(
        code=int(finished.exit_code),
        message=finished.message,
        summary=finished.summary,
        warnings=tuple(str(line) for line in logged if line["log_level"] == "warning"),
    )
