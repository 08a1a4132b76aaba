"""Sessions: they are initiated by a program, configured by a person, and end by themselves or when deleted."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from orchestrator.sandbox.credentials import TRIAL_SESSION_ID
from orchestrator.sandbox.knobs import EndgrateKnobs


@dataclass(slots=True, kw_only=True)
class Session:
    """`types` is None where all are welcome. `pulled` are the types whose new records a sync session has given."""

    id: str
    types: frozenset[str] | None
    directions: frozenset[str]
    expires: float
    sync: bool
    configured: bool
    authenticated: bool
    pulled: set[str] = field(default_factory=set)


class Sessions:
    """All that live. The trial session is there from the beginning, configured, for every type, and stays."""

    def __init__(self, knobs: EndgrateKnobs, clock: Callable[[], float], rng: random.Random) -> None:
        self._knobs = knobs
        self._clock = clock
        self._rng = rng
        self._live: dict[str, Session] = {}
        self._add(TRIAL_SESSION_ID, None, ("pull", "push"), saved=True, sync=False, configured=True)

    def initiate(self, types: Collection[str], directions: Collection[str], *, saved: bool, sync: bool) -> Session:
        name = f"{self._rng.getrandbits(96):024x}"
        return self._add(name, types, directions, saved=saved, sync=sync, configured=self._knobs.configured)

    def find(self, session_id: object) -> Session | None:
        """A session that has not expired."""
        found = self._live.get(session_id) if isinstance(session_id, str) else None
        if found is not None and self._clock() >= found.expires:
            del self._live[found.id]
            return None
        return found

    def delete(self, session: Session) -> None:
        del self._live[session.id]

    def _add(
        self,
        name: str,
        types: Collection[str] | None,
        directions: Collection[str],
        *,
        saved: bool,
        sync: bool,
        configured: bool,
    ) -> Session:
        session = Session(
            id=name,
            types=None if types is None else frozenset(types),
            directions=frozenset(directions),
            expires=float("inf") if saved else self._clock() + self._knobs.session_ttl,
            sync=sync,
            configured=configured,
            authenticated=self._knobs.authenticated,
        )
        self._live[name] = session
        return session
