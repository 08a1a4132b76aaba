"""What every command has in common: its options, its settings, and how its end is told."""

from __future__ import annotations

import functools
import importlib
import json
import logging
import math
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from orchestrator.config import Need, Settings
    from orchestrator.exits import Exit


class Terminated(KeyboardInterrupt):
    """SIGTERM, where nobody listens: it goes the way of Ctrl-C, which no event loop and no task group swallows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """The options that every command takes."""

    config: Path | None
    overrides: tuple[str, ...]
    log_format: str
    verbose: bool
    quiet: bool
    json: bool

    def settings(self, *needs: Need, folder: Path | None = None, output: Path | None = None) -> Settings:
        """For a command that signs in nowhere: it has nothing to do with secrets."""
        from orchestrator.config import load

        return load(self.config, overrides=self.overrides, folder=folder, output=output, needs=needs, secrets=False)

    def with_secrets(self, *needs: Need, folder: Path | None = None, output: Path | None = None) -> Settings:
        from orchestrator.config import load

        return load(self.config, overrides=self.overrides, folder=folder, output=output, needs=needs)

    def set_up_logs(self, *secrets: str, level: int | None = None) -> None:
        from orchestrator.edges.log import set_up_logs

        chosen = logging.DEBUG if self.verbose else logging.WARNING if self.quiet else level or logging.INFO
        set_up_logs(as_json=self.log_format == "json", level=chosen, secrets=secrets)


def command(function: Callable[..., int]) -> click.Command:
    """A command from a function that takes `common` and returns its exit code."""

    @functools.wraps(function)
    def invoke(**options: Any) -> None:
        common = Common(
            config=options.pop("config"),
            overrides=options.pop("overrides"),
            log_format=options.pop("log_format"),
            verbose=options.pop("verbose"),
            quiet=options.pop("quiet"),
            json=options.get("json", False),
        )
        options.pop("json", None)
        click.get_current_context().exit(_guarded(common, lambda: function(common, **options)))

    decorated: Callable[..., Any] = invoke
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return click.command(name=function.__name__)(decorated)


class Place(click.Path):
    """A file or a folder. An empty word, as of a variable that nobody set, is none."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail('"" is no place. Name one; "." is the current folder.', param, ctx)
        return super().convert(value, param, ctx)


_OPTIONS = (
    click.option(
        "-c",
        "--config",
        type=Place(),
        help="Configuration file (TOML); config/platform.toml is a commented example.",
    ),
    click.option(
        "--set", "overrides", multiple=True, metavar="SECTION.KEY=VALUE", help="Set one key; may be repeated."
    ),
    click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True),
    click.option("-v", "--verbose", is_flag=True, help="Every event, not only one line a file."),
    click.option("-q", "--quiet", is_flag=True, help="Only warnings, errors and the summary."),
)


class Seconds(click.FloatRange):
    """A time to wait: what is no number, or has no end, is none."""

    def __init__(self) -> None:
        super().__init__(min=0)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        seconds: float = super().convert(value, param, ctx)
        if not math.isfinite(seconds):
            self.fail(f"{value!r} is no number of seconds: give 0 or more, and an end.", param, ctx)
        return seconds


json_option = click.option("--json", is_flag=True, help="Print one JSON object to stdout.")
wait_option = click.option("--wait", type=Seconds(), default=0.0, metavar="SECONDS", help="Wait so long for the lock.")


def say(text: str) -> None:
    """To the person in front of it, if there is one: stdout is kept for what was asked for."""
    with suppress(OSError):
        click.echo(text, err=True)


def put_out(text: str, end: str = "\n") -> bool:
    """What was asked for. False, and said once, when it was lost; a reader who went away has lost nothing."""
    try:
        click.echo(f"{text}{end}", nl=False)
    except OSError as error:
        silence(1)
        if isinstance(error, BrokenPipeError):
            return True
        say(f"orchestrator: the output cannot be written ({error.strerror}). Make room, or send it elsewhere.")
        return False
    return True


def silence(descriptor: int) -> None:
    """What is left to be written there goes nowhere: else it would be tried, and told, again and again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def print_json(content: Mapping[str, Any]) -> bool:
    return put_out(json.dumps(content))


class Told:
    """The output of a command that is there for nothing else: without it, the command has not done its work."""

    def __init__(self) -> None:
        self._whole = True

    def put(self, text: str) -> None:
        self._whole = put_out(text) and self._whole

    def put_json(self, content: Mapping[str, Any]) -> None:
        self._whole = print_json(content) and self._whole

    def put_pieces(self, pieces: Iterable[str]) -> None:
        for piece in pieces:
            self._whole = put_out(piece, end="") and self._whole

    def end(self, code: Exit) -> int:
        """*code*, which says more than that its words were lost, unless it says that all is well."""
        from orchestrator.exits import Exit

        return int(Exit.USAGE if code is Exit.OK and not self._whole else code)


def _import_structlog_alone() -> None:
    """Where there is rich it imports that, too, for tracebacks that nobody gets to see; it takes as long as itself."""
    if not {"structlog", "rich"} & sys.modules.keys():
        sys.modules["rich"] = None  # type: ignore[assignment]  # Python's own word for what cannot be imported
        try:
            importlib.import_module("structlog")
        finally:
            del sys.modules["rich"]


def _guarded(common: Common, function: Callable[[], int]) -> int:
    """The one place where every error becomes a message and an exit code."""
    from orchestrator.errors import OrchestratorError
    from orchestrator.exits import Exit, exit_for

    _import_structlog_alone()
    try:
        return function()
    except click.ClickException:
        raise
    except Terminated:
        return _fail(common, Exit.SIGTERM, "stopped by SIGTERM: run the same command again")
    except KeyboardInterrupt:
        return _fail(common, Exit.SIGINT, "interrupted: run the same command again")
    except OrchestratorError as error:
        return _fail(common, exit_for(error), str(error))
    except Exception as error:
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        frames = traceback.extract_tb(error.__traceback__)
        places = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames[-6:]))
        return _fail(
            common,
            Exit.BUG,
            f"a bug: {type(error).__name__} at {places}. The ledger is intact: please report this line.",
        )


def _fail(common: Common, code: int, message: str) -> int:
    for line in message.splitlines():
        say(f"orchestrator: {line}")
    if common.json:
        print_json({"exit_code": int(code), "message": message})
    return int(code)
