"""What can be read of a transfer: how far it is, the records that got through, the errors of those that did not."""

from __future__ import annotations

from functools import partial

from orchestrator.sandbox.answer import Answer, as_json
from orchestrator.sandbox.api import Ask, Effect, Head
from orchestrator.sandbox.endgrate.bodies import BodyError, number, query, text
from orchestrator.sandbox.endgrate.pages import Refusals, envelope
from orchestrator.sandbox.endgrate.transfers import METHODS, Direction, Transfer, Transfers
from orchestrator.sandbox.faults import Kind
from orchestrator.sandbox.profile import Profile


class Reading:
    def __init__(self, profile: Profile, transfers: Transfers, refusals: Refusals) -> None:
        self._profile = profile
        self._transfers = transfers
        self._refusals = refusals

    def push_data(self, head: Head, _: bytes) -> Ask | Answer:
        return self._data(head, "push")

    def pull_data(self, head: Head, _: bytes) -> Ask | Answer:
        return self._data(head, "pull")

    def statistics(self, head: Head, _: bytes) -> Ask | Answer:
        given = query(head)
        found = self._transfers.find(text(given, "transfer_id"))
        session, method = given.get("session_id"), given.get("method")
        if method is not None and method not in METHODS.values():
            raise BodyError(method="must be IMPORT or EXPORT")
        if found is None or session not in {None, found.session.id} or method not in {None, METHODS[found.direction]}:
            return self._unknown()
        detail = {"token": found.id, "state": None}
        return Ask(endpoint="poll", name=found.endgrate_type, act=partial(self._tell, found), detail=detail)

    def errors(self, head: Head, _: bytes) -> Ask | Answer:
        given = query(head)
        offset, limit = self._window(given)
        found = self._transfers.find(text(given, "transfer_id"))
        if found is None or given.get("session_id") not in {None, found.session.id}:
            return self._unknown()

        def act(_: Kind | None) -> Effect:
            # Before the end nothing is said of any record.
            total = found.batches.lost if self._transfers.is_over(found) else 0
            items = self._transfers.errors(found, offset, limit) if total else []
            return Effect(answer=as_json(envelope(head.path, "errors", items, total, offset, limit)))

        detail = {"token": found.id, "data_key": "errors"}
        return Ask(endpoint="result", name=found.endgrate_type, act=act, detail=detail)

    def _data(self, head: Head, direction: Direction) -> Ask | Answer:
        given = query(head)
        offset, limit = self._window(given)
        found, endgrate_type = self._transfers.find(text(given, "transfer_id")), text(given, "endgrate_type")
        if found is None or (found.direction, found.endgrate_type) != (direction, endgrate_type):
            return self._unknown()

        def act(_: Kind | None) -> Effect:
            if not self._transfers.is_over(found):
                answer = as_json({"message": "Transfer has not yet completed."}, status=400)
                return Effect(answer=Answer(status=400, body=answer.body, note="not_completed"))
            items = self._transfers.page(found, offset, limit)
            page = envelope(head.path, "transfer_data", items, found.batches.through, offset, limit)
            if found.batches.lost:
                page |= {"transfer_errors": True, "warn": ["Some records could not be transferred."]}
            return Effect(answer=as_json(page))

        detail = {"token": found.id, "data_key": "data"}
        return Ask(endpoint="result", name=endgrate_type, act=act, detail=detail)

    def _window(self, given: dict[str, str]) -> tuple[int, int]:
        most = self._profile.endgrate.page
        return number(given, "offset", 0, 0), number(given, "limit", most, 1, most)

    def _tell(self, transfer: Transfer, fault: Kind | None) -> Effect:
        over = self._transfers.is_over(transfer)
        completed = self._profile.unknown_word if fault == "unknown_status" else over
        body = {
            "method": METHODS[transfer.direction],
            "completed": completed,
            "initiated": transfer.initiated,
            "statistics": {transfer.endgrate_type: self._transfers.statistics(transfer)},
        }
        return Effect(answer=as_json(body), detail={"state": completed})

    def _unknown(self) -> Answer:
        return self._refusals.make(404, "Transfer not found.", note="transfer")
