"""Transfers: what each of them carries, how far it is, what got through and what did not."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from orchestrator.sandbox.endgrate.batches import Batches
from orchestrator.sandbox.endgrate.provider import Item, Provider, Stored, supplied
from orchestrator.sandbox.endgrate.sessions import Session
from orchestrator.sandbox.jobs import Job, Jobs, Phase
from orchestrator.sandbox.profile import Profile

Direction = Literal["pull", "push"]
METHODS: dict[Direction, str] = {"pull": "IMPORT", "push": "EXPORT"}

_LAPSED = "The provider does not let this session in. Sign in again."
_REFUSED = "The provider refused the batch of this record."


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """`written` has of each pushed record its id and its internal id, None where it did not get through."""

    id: str
    direction: Direction
    endgrate_type: str
    session: Session = field(repr=False)
    batches: Batches
    job: Job
    initiated: str
    lapsed: bool = False
    written: tuple[tuple[str | None, str | None], ...] = field(default=(), repr=False)


class Transfers:
    """A push is written as soon as it is taken, unless it is stuck; without validation it is not written at all."""

    def __init__(self, profile: Profile, clock: Callable[[], float], seed: int) -> None:
        rng = random.Random(f"{seed}/endgrate")
        self._profile = profile
        self._clock = clock
        self._seed = seed
        self._jobs = Jobs(profile, rng)
        self.provider = Provider(rng)
        self._by_id: dict[str, Transfer] = {}

    @property
    def all(self) -> list[Transfer]:
        return list(self._by_id.values())

    def pull(self, session: Session, endgrate_type: str, *, stuck: bool, fails: bool) -> Transfer:
        count = self._profile.endgrate.supply
        if session.sync and endgrate_type in session.pulled:
            count = 0
        session.pulled.add(endgrate_type)
        return self._begin("pull", session, endgrate_type, count, stuck=stuck, fails=fails)

    def push(
        self, session: Session, endgrate_type: str, items: list[Item], *, stuck: bool, fails: bool
    ) -> tuple[Transfer, dict[str, int]]:
        """The transfer, and how many records it has made `new`, has `updated` and has `appended`."""
        effects = {"new": 0, "updated": 0, "appended": 0}
        written: list[tuple[str | None, str | None]] = [(None, item.get("internal_id")) for item in items]
        batches = self._batches(session, len(items), fails=fails)
        for nth in range(0 if stuck else batches.through):
            index = batches.index(nth)
            if self._profile.validation == "off":
                key = self.provider.new_id()
            else:
                key, effect = self.provider.push(endgrate_type, items[index])
                effects[effect] += 1
            written[index] = key, items[index].get("internal_id")
        count = len(items)
        begun = self._begin("push", session, endgrate_type, count, stuck=stuck, fails=fails, written=tuple(written))
        return begun, effects

    def find(self, transfer_id: str | None) -> Transfer | None:
        return self._by_id.get(transfer_id or "")

    def forget(self, session: Session) -> None:
        """Delete what belongs to a session; what was written at the provider stays there."""
        self._by_id = {key: transfer for key, transfer in self._by_id.items() if transfer.session is not session}

    def is_over(self, transfer: Transfer) -> bool:
        return transfer.job.phase(self._clock()) is not Phase.RUNNING

    def left(self, transfer: Transfer) -> float:
        """The seconds until it is over."""
        return max(transfer.job.ends - self._clock(), 0.0)

    def statistics(self, transfer: Transfer) -> dict[str, Any]:
        batches, over = transfer.batches, self.is_over(transfer)
        worked = batches.total if over else int(batches.total * transfer.job.done(self._clock()))
        failed = worked // batches.failing if batches.failing else 0
        return {
            "batch_size": batches.size,
            "records": batches.count,
            "batches": batches.total,
            "batches_queued": batches.total - worked,
            "batches_success": worked - failed,
            "batches_fail": failed,
            "records_transferred": batches.through if over else (worked - failed) * batches.size,
            "completed": over,
            "provider": "sandbox",
            "integration": "sandbox",
        }

    def page(self, transfer: Transfer, offset: int, limit: int) -> list[Item]:
        """Some of the records that got through, made or looked up now."""
        last = min(offset + limit, transfer.batches.through)
        places = [transfer.batches.index(nth) for nth in range(offset, last)]
        if transfer.direction == "pull":
            return [supplied(transfer.endgrate_type, place, self._seed) for place in places]
        table = self.provider.records[transfer.endgrate_type]
        return [_shown(*transfer.written[place], table) for place in places]

    def errors(self, transfer: Transfer, offset: int, limit: int) -> list[Item]:
        """Some of the records that did not."""
        return [self._error(transfer, nth) for nth in range(offset, min(offset + limit, transfer.batches.lost))]

    def _error(self, transfer: Transfer, nth: int) -> Item:
        index = transfer.batches.lost_index(nth)
        about = {"internal_id": transfer.written[index][1], "index": index} if transfer.direction == "push" else {}
        return {
            "pk": nth + 1,
            "transfer_id": transfer.id,
            "session_id": transfer.session.id,
            "timestamp": transfer.initiated,
            "error_resolve_text": _LAPSED if transfer.lapsed else _REFUSED,
            "error_type": "authentication" if transfer.lapsed else "upstream",
            "resolved": False,
            "endgrate": {"endgrate_type": transfer.endgrate_type},
            **about,
        }

    def _batches(self, session: Session, count: int, *, fails: bool) -> Batches:
        knobs = self._profile.endgrate
        failing = 1 if fails or not session.authenticated else knobs.failing
        return Batches(count=count, size=knobs.batch, failing=failing)

    def _begin(
        self,
        direction: Direction,
        session: Session,
        endgrate_type: str,
        count: int,
        *,
        stuck: bool,
        fails: bool,
        written: tuple[tuple[str | None, str | None], ...] = (),
    ) -> Transfer:
        key = self.provider.new_id()
        begun = Transfer(
            id=key,
            direction=direction,
            endgrate_type=endgrate_type,
            session=session,
            batches=self._batches(session, count, fails=fails),
            job=self._jobs.submit(self._clock(), token=key, name=endgrate_type, rows=count, stuck=stuck),
            initiated=datetime.now(UTC).isoformat(),
            lapsed=not session.authenticated,
            written=written,
        )
        self._by_id[key] = begun
        return begun


def _shown(key: str | None, internal_id: str | None, table: dict[str, Stored]) -> Item:
    stored = table.get(key or "")
    item: Item = {
        "id": key,
        "data": stored.data if stored else {},
        "associations": stored.associations if stored else {},
    }
    return item | {"internal_id": internal_id} if internal_id else item
