"""The remote APIs that the sandbox knows, by the name of their kind of target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from orchestrator.sandbox.api import Api
from orchestrator.sandbox.credentials import TRIAL_API_KEY, TRIAL_CLIENT_SECRET
from orchestrator.sandbox.endgrate import Endgrate
from orchestrator.sandbox.platform import Platform
from orchestrator.sandbox.profile import Profile
from orchestrator.sandbox.tao import Tao


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How an API is made, and the secrets of its trial account by the name of their setting."""

    make: Callable[[Profile, Callable[[], float], int], Api]
    secrets: Mapping[str, str] = field(repr=False)


APIS: Mapping[str, Kind] = {
    "platform": Kind(make=Platform, secrets={"client_secret": TRIAL_CLIENT_SECRET, "api_key": TRIAL_API_KEY}),
    "endgrate": Kind(make=Endgrate, secrets={"api_key": TRIAL_API_KEY}),
    "tao": Kind(make=Tao, secrets={"client_secret": TRIAL_CLIENT_SECRET}),
}
