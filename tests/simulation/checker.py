"""What must hold after every night: the ledger, the remote, the line and the output tell one story."""

from __future__ import annotations

from collections import defaultdict

from orchestrator.exits import Exit
from orchestrator.model import (
    Accepted,
    Completed,
    Doubted,
    Failed,
    Job,
    Resolved,
    SendRepeatable,
    SendStarted,
    State,
    Verdict,
    evolve,
)
from orchestrator.naming import slug_of
from tests.remotes.line import Call, Ending, Exchange, Trouble
from tests.remotes.remote import Effect, Repeat, result_of
from tests.simulation.history import Attempt, Version, read_history
from tests.simulation.night import Night

_SETTLED = {State.DONE, State.REJECTED, State.FAILED, State.IN_DOUBT}

_AFTER_ANSWER = {
    Ending.ANSWERED: "Accepted",
    Ending.REFUSED: "Failed",
    Ending.UNTAKEN: "SendUndone",
}
"""What the ledger says next when the client saw how an attempt ended."""


class Checker:
    def __init__(self, night: Night) -> None:
        self.night = night
        self.history = read_history(night.ledger)
        self.uploads: dict[object, list[Exchange]] = defaultdict(list)
        self.withheld: set[object] = set()
        for one in night.line.exchanges:
            if one.call is Call.SUBMIT:
                self.uploads[one.about].append(one)
            elif one.call is Call.FETCH and one.ending is Ending.REFUSED:
                self.withheld.add(one.about)

    def require_sound(self) -> None:
        self._nothing_is_lost()
        self._nothing_is_sent_or_asked_before_it_is_durable()
        self._limits_hold()
        self._the_books_balance()
        self._nothing_is_done_without_need()
        ours: set[object] = set()
        for version in self.history:
            self._history_is_legal(version)
            self._only_what_is_ours_is_replaced(version, ours)
            self._is_there_once(version)
            for attempt in version.attempts():
                self._attempt_is_explained(version, attempt)
            self._end_is_as_at_the_remote(version)
        self._the_newest_version_stands()

    def _nothing_is_lost(self) -> None:
        newest = {version.job.path: version.job for version in self.history}
        digests = self.night.inputs.digests
        assert newest.keys() == digests.keys(), "every file stands in the ledger"
        for path, job in newest.items():
            assert job.state in _SETTLED, job
            assert job.state is State.DONE or job.cause, job
            assert job.source is not None
            assert job.state is State.IN_DOUBT or job.source.data == digests[path][-1], job

    def _nothing_is_sent_or_asked_before_it_is_durable(self) -> None:
        assert not self.night.unsound
        assert all(len(exchanges) == 1 for exchanges in self.uploads.values()), "one request for each intent"
        intents = {(v.job.key, v.job.version, attempt.number) for v in self.history for attempt in v.attempts()}
        assert self.uploads.keys() <= intents, "an upload that the ledger knows nothing of"

    def _limits_hold(self) -> None:
        limits, line = self.night.settings.limits, self.night.line
        assert line.most[Call.SUBMIT] <= limits.uploads
        assert line.most[Call.CHECK] <= limits.polls
        assert not line.early, "somebody was told to stay away, and did not"
        for process in self.night.processes:
            assert not process.hands.waited, "somebody waited with a permit in its hands"

    def _the_books_balance(self) -> None:
        for process in self.night.processes:
            if process.finished is not None:
                assert process.books.balance, process.books
                assert not process.mistaken, "a run reported otherwise than the ledger has it"
                assert process.finished is not Exit.BUG
        states = {version.job.path: version.job.state for version in self.history}
        last = self.night.processes[-1]
        doubtful = State.IN_DOUBT in states.values()
        assert (last.finished is Exit.IN_DOUBT) == doubtful, last.finished
        assert last.finished in (Exit.OK, Exit.REJECTS, Exit.IN_DOUBT)

    def _nothing_is_done_without_need(self) -> None:
        assert self.night.before_idle == self.night.after_idle, "a run with nothing to do did something"

    def _history_is_legal(self, version: Version) -> None:
        assert evolve(version.first, *(entry.event for entry in version.entries)) == version.job

    def _only_what_is_ours_is_replaced(self, version: Version, ours: set[object]) -> None:
        """And that it is: a Name that we were given, or whose lost upload was found to be replaceable.

        Until a person says that it did not arrive, or gives it up: then it goes out as at first.
        """
        key = version.job.key
        for entry in version.entries:
            if isinstance(entry.event, SendStarted):
                assert entry.event.overwrite == (
                    self.night.kind.overwrite or bool(ours & {(key, "taken"), (key, "lost")})
                ), version
            elif isinstance(entry.event, Completed):
                ours.add((key, "taken"))
            elif isinstance(entry.event, SendRepeatable):
                ours.add((key, "lost"))
            elif isinstance(entry.event, Resolved) and entry.event.verdict in (Verdict.NOT_ACCEPTED, Verdict.ABANDON):
                ours.discard((key, "lost"))

    def _is_there_once(self, version: Version) -> None:
        """A second effect is a replacement, or somebody allowed it."""
        effects = self._effects(version.job)
        if self.night.kind.repeat in (Repeat.PILE, Repeat.SAME):
            allowed = sum(isinstance(entry.event, SendRepeatable) for entry in version.entries)
            assert len(effects) <= 1 + (allowed if self.night.kind.repeat is Repeat.PILE else 0), effects
            return
        first = next((nth for nth, effect in enumerate(effects) if effect.fate.success), len(effects))
        assert all(effect.request.overwrite or not effect.fate.success for effect in effects[first + 1 :]), effects

    def _attempt_is_explained(self, version: Version, attempt: Attempt) -> None:
        job, outcome = version.job, attempt.outcome
        sent = self.uploads.get((job.key, job.version, attempt.number), [None])[0]
        seen = sent is not None and sent.ending in _AFTER_ANSWER
        if seen and outcome.run == attempt.run:
            assert sent is not None
            refused = sent.ending is Ending.REFUSED and attempt.is_repeat
            assert outcome.name == ("Doubted" if refused else _AFTER_ANSWER[sent.ending]), (sent, outcome)
            if isinstance(outcome.event, Accepted):
                assert outcome.event.token == sent.token
        else:
            allowed = self.night.kind.after_loss(overwrote=attempt.overwrote) if attempt.may_have_left else set()
            if not attempt.may_have_left or (sent is None and outcome.run == attempt.run):
                allowed = allowed | {"SendUndone"}
            if not attempt.may_have_left and sent is not None and sent.fault.trouble is Trouble.GARBLED:
                allowed = {"Doubted"} if outcome.run == attempt.run and sent.ending is Ending.LOST else allowed
            assert outcome.name in allowed, (sent, attempt)
        if outcome.name == "Accepted":
            assert attempt.may_have_left, "the last bytes of what was accepted never left"
        if outcome.name == "SendUndone":
            arrived = [e for e in self._effects(job) if e.request.attempt == attempt.number]
            assert not arrived, "it was written down as not taken, and it was taken"

    def _end_is_as_at_the_remote(self, version: Version) -> None:
        abandoned = any(isinstance(entry.event, Resolved) for entry in version.entries)
        if version.job.state is State.FAILED and version.job.token is None and not abandoned:
            assert not self._effects(version.job), "it has failed, and the remote has it"
        for before, entry in zip(version.entries, version.entries[1:], strict=False):
            token = _token_given_by(before.event)
            if token is None:
                continue
            effect = self.night.remote.by_token[token]
            assert effect.request.item == (version.job.key, version.job.version), "a token of something else"
            assert effect.request.digest == version.job.source.data  # type: ignore[union-attr]  # it was read
            match entry.event:
                case Completed():
                    assert effect.fate.success
                    self._results_are_as_served(version, effect)
                case Failed():
                    assert not effect.fate.success
                case Doubted():
                    assert effect.fate.ends is None or effect.fate.forgotten, effect

    def _results_are_as_served(self, version: Version, effect: Effect) -> None:
        token = effect.token
        missing = set() if token not in self.withheld else set(self.night.remote.results) - version.results.keys()
        assert version.results.keys() | missing == set(self.night.remote.results)
        assert all(body == result_of(token, key) for key, body in version.results.items())
        with_results = [v.job.version for v in self.history if v.job.key == version.job.key and v.results]
        place = self.night.out / "results" / slug_of(version.job.name)
        if version.job.version != max(with_results, default=version.job.version):
            place /= f"v{version.job.version}"
        for key, body in version.results.items():
            assert (place / f"{key}.txt").read_bytes() == body

    def _the_newest_version_stands(self) -> None:
        """What a done version sent is what is there, and no older one came back."""
        for job in {version.job.key: version.job for version in self.history}.values():
            if job.state is State.DONE:
                standing = self.night.remote.standing(job.name)[-1]
                assert standing.request.version == job.version, (job, standing)

    def _effects(self, job: Job) -> list[Effect]:
        return self.night.remote.by_item.get((job.key, job.version), [])


def _token_given_by(event: object) -> object:
    return event.token if isinstance(event, Accepted | Resolved) else None
