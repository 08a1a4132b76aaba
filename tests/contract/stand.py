"""A target, the remote that it talks to, and one job between them."""

from __future__ import annotations

import inspect
import re
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from targets.remote import chain

from orchestrator.errors import OrchestratorError, TargetError
from orchestrator.model import (
    Accepted,
    Checked,
    Job,
    Key,
    Name,
    RelPath,
    SendRepeatable,
    SendStarted,
    SendUndone,
    evolve,
)
from orchestrator.ports import Body, Release, Target

AT = 1_719_826_200.0
"""The moment of everything."""
_NIGHT = Job(key=Key("night"), version=1, name=Name("night"), path=RelPath("night.csv"))


@dataclass(kw_only=True)
class Stand:
    target: Any
    """A Target, each of whose errors is looked through."""
    checked: Checked
    body: Body
    overwrites: bool = False
    """The configuration lets every upload replace what stands under its Name."""
    pass_time: Callable[[float], None]
    taken: Callable[[], int]
    """Uploads that the remote has taken in by now."""
    copies: Callable[[], int]
    """How often what was sent stands at the remote."""
    requests: Callable[[], int]
    """All that has reached the API, apart from requests for a token."""
    job: Job = field(init=False)

    def __post_init__(self) -> None:
        self.job = evolve(_NIGHT, self.checked)

    async def send(self, release: Release | None = None) -> Accepted:
        """One attempt, as the core makes it."""
        self.job = evolve(self.job, SendStarted(self.overwrites or self.job.replaces, AT, release is not None))
        accepted = await self.target.submit(self.job, self.body, overwrite=self.job.overwrote, release=release)
        assert isinstance(accepted, Accepted)
        return accepted

    async def said(self) -> type[Accepted | TargetError]:
        """What kind of answer one attempt has."""
        try:
            return type(await self.send())
        except TargetError as error:
            return type(error)

    def undo(self) -> None:
        """It may be sent again, as something that never arrived."""
        self.job = evolve(self.job, SendUndone(""))

    def repeat(self) -> None:
        """It may be sent again, as something that may have arrived."""
        self.job = evolve(self.job, SendRepeatable("", AT))


class Watched:
    """A target that may raise what it likes as long as it shows nothing of it."""

    def __init__(self, target: Target, hidden: Iterable[str]) -> None:
        self._target = target
        self._hidden = re.compile("|".join(hidden)) if hidden else None

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._target, name)
        if not inspect.iscoroutinefunction(method):
            return method

        async def call(*arguments: Any, **options: Any) -> Any:
            self.require_shows_nothing(repr(self._target))
            try:
                return await method(*arguments, **options)
            except OrchestratorError as error:
                self.require_shows_nothing(told(error))
                raise

        return call

    def require_shows_nothing(self, text: str) -> None:
        found = self._hidden and self._hidden.search(text)
        assert not found, "an error shows what nobody may see"


def told(error: BaseException) -> str:
    """All that can be read off an error and off what it drags along."""
    causes = "".join(f"{cause}{cause!r}{cause.args!r}{vars(cause)!r}" for cause in chain(error))
    return "".join((causes, *traceback.format_exception(error)))
