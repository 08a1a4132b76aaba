"""What is put to the contract: a target of some configuration with a remote that can be made to misbehave."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from contract.stand import Stand
from orchestrator.errors import TargetError
from orchestrator.model import Accepted, Token
from orchestrator.ports import Trace

Said = type[Accepted | TargetError]


class Subject(Protocol):
    @property
    def trace(self) -> Trace:
        """What `recall` has to say of an attempt whose answer was lost."""
        ...

    @property
    def faults(self) -> Mapping[str, tuple[Said, bool]]:
        """What an upload can meet: what the target says then, and whether the remote has taken it in the end."""
        ...

    @property
    def stranger(self) -> Token:
        """Nobody has it, and it looks like one."""
        ...

    @property
    def one_answer(self) -> bool:
        """The remote knows a second upload of the same and answers as before."""
        ...

    @property
    def adds(self) -> bool:
        """What is sent comes to what the remote has, whatever stands under its Name."""
        ...

    def stand(self, folder: Path, *faults: str) -> AbstractAsyncContextManager[Stand]:
        """With a remote whose first uploads meet these faults, one each."""
        ...
