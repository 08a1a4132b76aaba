"""The stand-ins that other suites put in the place of a target: they keep the contract as well, or prove nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from fakes import FakeClock

from contract.stand import Stand, Watched
from contract.subject import Said
from orchestrator.errors import Busy, Denied, Garbled, NotSent, Refused, Unclear, Unreachable
from orchestrator.model import Accepted, Checked, Name, Sheet, Sheets, Token
from orchestrator.ports import Body, Held, Trace
from tests.remotes.line import Call, Fault, Line, Trouble
from tests.remotes.remote import Fate, Remote, Repeat
from tests.remotes.targets import Client, Keyed, Keyless, Listed, Replacing

FAULTS: Mapping[str, tuple[Said, bool]] = {
    Trouble.NONE: (Accepted, True),
    Trouble.UNREACHABLE: (Unreachable, False),
    Trouble.NOT_SENT: (NotSent, False),
    Trouble.THROTTLED: (Busy, False),
    Trouble.DENIED: (Denied, False),
    Trouble.REFUSED: (Refused, False),
    Trouble.LOST: (Unclear, False),
    Trouble.LATE: (Unclear, True),
    Trouble.BROKEN: (Unclear, True),
    Trouble.GARBLED: (Garbled, True),
}
_LATE = 30.0


@dataclass(frozen=True, kw_only=True)
class FakeSubject:
    name: str
    make: Callable[[Remote, Line, FakeClock], Client]
    repeat: Repeat
    trace: Trace
    stranger: ClassVar[Token] = Token("token-0")

    def __str__(self) -> str:
        return self.name

    @property
    def faults(self) -> Mapping[str, tuple[Said, bool]]:
        return FAULTS

    @property
    def one_answer(self) -> bool:
        return self.repeat is Repeat.SAME

    @property
    def adds(self) -> bool:
        return self.repeat in (Repeat.SAME, Repeat.PILE)

    @asynccontextmanager
    async def stand(self, folder: Path, *faults: str, fate: Fate | None = None) -> AsyncIterator[Stand]:
        clock, met = FakeClock(), iter(faults)
        fates = fate or Fate()
        remote = Remote(time=clock.monotonic, repeat=self.repeat, fate=lambda request: fates)

        def script(call: Call, about: object) -> Fault:
            trouble = Trouble(next(met, "none")) if call is Call.SUBMIT else Trouble.NONE
            return Fault(trouble=trouble, arrives=_LATE, retry_after=7.0)

        line = Line(time=clock.monotonic, script=script)

        def pass_time(seconds: float) -> None:
            clock.time += seconds

        def taken() -> int:
            remote.settle(all_of_them=True)
            return len(remote.effects)

        yield Stand(
            target=Watched(self.make(remote, line, clock), ()),
            checked=Checked(Sheets(data=Sheet(rows=1)), "rules"),
            body=Body(data=Held("a row")),
            pass_time=pass_time,
            taken=taken,
            copies=lambda: len(remote.standing(Name("night"))),
            requests=lambda: len(line.exchanges),
        )


def _subject(name: str, make: Callable[..., Client], repeat: Repeat, trace: Trace, **how: bool) -> FakeSubject:
    def client(remote: Remote, line: Line, clock: FakeClock) -> Client:
        return make(remote=remote, line=line, clock=clock, **how)

    return FakeSubject(name=name, make=client, repeat=repeat, trace=trace)


FAKES = (
    _subject("fake that replaces", Replacing, Repeat.AS_NEW, Trace.UNKNOWN),
    _subject("fake with one writer", Replacing, Repeat.CONFLICT, Trace.REPEATABLE, sole_writer=True),
    _subject("fake with keys", Keyed, Repeat.SAME, Trace.REPEATABLE),
    _subject("fake without keys", Keyless, Repeat.PILE, Trace.UNKNOWN),
    _subject("fake with a list", Listed, Repeat.PILE, Trace.ABSENT),
)
