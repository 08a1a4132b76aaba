"""What stands at the Platform: datasets by Name, processing tokens, results."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote_plus

from orchestrator.sandbox.answer import TEXT, Answer, as_json, as_text, refusal
from orchestrator.sandbox.api import Effect
from orchestrator.sandbox.credentials import TRIAL_API_KEY
from orchestrator.sandbox.jobs import Job, Jobs, Phase
from orchestrator.sandbox.platform.submission import Submission
from orchestrator.sandbox.profile import Profile

_DATA_KEYS = ("status", "feedback", "tableofresultids")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """What stands under a Name. `copies` counts the accepted uploads that did not replace one another."""

    name: str
    token: str
    data_sha256: str
    events_sha256: str | None
    overwrite: bool
    data_rows: int
    copies: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    job: Job
    data_key: str


class Datasets:
    """A Name is taken from the moment at which an upload of it is accepted, whatever becomes of the job."""

    def __init__(self, profile: Profile, clock: Callable[[], float], rng: random.Random) -> None:
        self._profile = profile
        self._clock = clock
        self._rng = rng
        self._jobs = Jobs(profile, rng)
        self.by_name: dict[str, Dataset] = {}

    def accept(self, submission: Submission, *, stuck: bool = False, fails: bool = False) -> Effect:
        """Take a submission, or refuse it because its Name is taken."""
        name, errors = submission.name, submission.errors
        standing = self.by_name.get(name)
        taken = standing is not None and not submission.overwrite
        if taken and self._profile.on_conflict == "409":
            return Effect(answer=refusal(409, "A submission with this name already exists", note="conflict"))
        conflict = taken and self._profile.on_conflict == "async-fail"
        if conflict:
            errors = (f"0|{name}|A submission with this name already exists",)
        elif fails:
            errors = (f"0|{name}|Processing failed",)
        token = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        rows = submission.data_rows
        self._jobs.submit(self._clock(), token=token, name=name, rows=rows, errors=errors, stuck=stuck)
        answer = as_text(token, quoted=self._profile.quoted)
        if conflict:
            return Effect(answer=answer, taken=True, detail={"token": token})
        self.by_name[name] = Dataset(
            name=name,
            token=token,
            data_sha256=submission.data_sha256,
            events_sha256=submission.events_sha256,
            overwrite=submission.overwrite,
            data_rows=rows,
            copies=standing.copies + 1 if standing and taken else 1,
        )
        replaced = standing is not None and not taken
        return Effect(answer=answer, taken=True, applied=True, detail={"token": token, "replaced": replaced})

    def understand(self, query: str) -> Question | Answer:
        """The job and the result that a query string asks for, or why it cannot be answered."""
        # By hand, because parse_qsl would be a tenth of the cost of a poll.
        pairs = [pair.partition("=") for pair in query.split("&")]
        asked = {name: unquote_plus(value) for name, _, value in pairs}
        if len(pairs) > len(asked) or not {"token", "key", "dataKey"} <= asked.keys():
            return refusal(400, "token, key and dataKey are required, once each")
        if asked["key"] != TRIAL_API_KEY:
            return refusal(403, "The key is not valid")
        if asked["dataKey"] not in _DATA_KEYS:
            return refusal(400, f"dataKey must be one of {', '.join(_DATA_KEYS)}")
        job = self._jobs.find(asked["token"].lower())
        if job is None:
            return refusal(404, "The token is not known")
        return Question(job=job, data_key=asked["dataKey"])

    def state(self, job: Job) -> str:
        return self._jobs.state(job, self._clock())

    def reply(self, question: Question) -> Answer:
        """The answer to a question for anything but the status."""
        job, data_key = question.job, question.data_key
        phase = job.phase(self._clock())
        if phase is Phase.RUNNING:
            return refusal(409, "processing not complete")
        if data_key == "feedback":
            text = "\n".join(job.errors) if job.errors else self._profile.success_feedback
            return Answer(body=text.encode(), content_type=TEXT)
        if phase is Phase.FAILED:
            return refusal(409, "processing did not succeed")
        return as_json(result_ids(job.token, 1 if self._profile.result_ids == "one" else job.rows))


def result_ids(token: str, count: int) -> list[str]:
    """As many UUIDs as asked for, always the same for a token."""
    digits = random.Random(token).randbytes(16 * count).hex()
    return [
        f"{digits[at : at + 8]}-{digits[at + 8 : at + 12]}-4{digits[at + 13 : at + 16]}"
        f"-a{digits[at + 17 : at + 20]}-{digits[at + 20 : at + 32]}"
        for at in range(0, 32 * count, 32)
    ]
