"""Every error that we raise on purpose. What matters is what the caller may do next."""

from __future__ import annotations


class OrchestratorError(Exception):
    """Base of all our errors. The message names the place, the cause and the remedy, and never a secret."""


class ConfigError(OrchestratorError):
    """The command or its configuration cannot be used as it stands. Carries every problem at once."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class OutputError(OrchestratorError):
    """The output folder cannot be used: it is missing rights, or belongs to another target."""


class StorageError(OrchestratorError):
    """The disk no longer takes what must be durable. Nothing that was promised is lost: run again."""


class Locked(OrchestratorError):
    """Another run holds the ledger of this output folder."""


class Interrupted(OrchestratorError):
    """A signal came before the run had begun anything."""

    def __init__(self, message: str, signum: int) -> None:
        super().__init__(message)
        self.signum = signum


class Unusable(OrchestratorError):
    """What a person wrote down about one file cannot be used as it stands: that file is refused, and no other."""


class SourceChanged(OrchestratorError):
    """The file is no longer the one that was validated; what was sent of it cannot be complete."""


class IllegalTransition(OrchestratorError):
    """A job was told something that cannot happen in its state: a bug of ours."""


class TargetError(OrchestratorError):
    """The remote API did not do what we asked."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotSent(TargetError):
    """Nothing was taken: it did not arrive, or the remote said so. Safe to send again."""


class Busy(NotSent):
    """The remote had it, or some of it, and takes nothing more for now: it is under pressure."""


class LeftAlone(NotSent):
    """We kept it back ourselves: since it was let through, the remote has said that it wants to be left alone."""


class Unreachable(NotSent):
    """There was no connection to send anything on."""


class Unclear(TargetError):
    """It may or may not have been taken. Never send again without asking `recall` first."""


class Garbled(Unclear):
    """An answer that this API would not give: a page, a redirect, a success without a token or before the end."""


class Refused(TargetError):
    """The remote looked at it and said no. Sending the same again will not help."""


class Missing(TargetError):
    """The remote does not know the token that we ask about."""


class Nowhere(Missing):
    """As missing, in words that any server would use: it may be that nothing is asked for at that address at all."""


class Denied(TargetError):
    """Our credentials are not accepted. Every other job would fail too: the run stops."""


class Misdirected(TargetError):
    """This is not the endpoint that the configuration takes it for: the run stops."""
