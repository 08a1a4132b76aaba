"""The character of the remote: every knob of the emulator, and four named settings of them.

| profile | request latency | job slots | job time | faults |
|---|---|---|---|---|
| `null` | none | no limit | none: done at once | none; data are hashed, not validated |
| `calm` | none | no limit | 20 ms × L(0.4), so about 10–50 ms | none |
| `realistic` | uniform 20–60 ms | 8 | (0.9 s + 1 ms a row) × L(0.25) | none |
| `stormy` | uniform 5–80 ms | 8 | (0.3 s + 1 ms a row) × L(0.6) | `STORM` |

L(σ) is log-normal with median 1: 95 % of it lies between e^-2σ and e^2σ, its mean is e^(σ²/2). So a job of
100 rows takes 1 s in the middle and 0.6–1.65 s mostly under `realistic`. A job waits, first come first
served, until a slot is free; the request latency passes before the request is looked at.

The profiles are the same for every API. Under `null` nothing comes to stand at TAO or behind Endgrate. The key
of Endgrate cannot be renewed, so no chance makes it void. `STORM` has faults for endpoints that not every API has.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from orchestrator.sandbox.faults import Chance, Endpoint, Fault, Kind
from orchestrator.sandbox.knobs import EndgrateKnobs, TaoKnobs


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Every knob, in groups: time, identity server, the Platform's Upload API, the other APIs, faults."""

    latency: tuple[float, float] = (0.0, 0.0)  # seconds, uniform between the two
    slots: int | None = None  # jobs processed at the same time; None: no limit
    job_base: float = 0.02  # seconds
    job_per_row: float = 0.0  # seconds
    job_spread: float = 0.0  # σ of the log-normal factor

    token_ttl: float = 3600.0  # seconds for which a bearer token works
    announced_ttl: float | None = None  # what expires_in says, when it lies; None: the truth
    invalid_client_status: Literal[400, 401] = 400
    basic_encoding: Literal["form", "raw"] = "form"  # raw: a server that forgets to decode the credentials
    body_credentials: bool = True  # client_secret_post is accepted as well
    scopes: tuple[str, ...] = ("platform_upload_api", "platform_processing_api")

    quoted: bool = False  # token and status as JSON strings, not as bare text
    overwrite_form: Literal["either", "string", "bool"] = "either"
    on_conflict: Literal["409", "async-fail", "accept-new"] = "409"
    validation: Literal["async", "sync", "off"] = "async"
    check_order: bool = False  # an end before its start is an error
    header_counts: bool = True  # in the row numbers of feedback, a header is row 1
    running_words: tuple[str, ...] = ("queued", "processing")  # the first while waiting for a slot
    success_word: str = "completedsuccessfully"
    failure_word: str = "failed"
    unknown_word: str = "reticulating"  # what the fault `unknown_status` answers
    success_feedback: str = ""
    result_ids: Literal["rows", "one"] = "rows"  # entries of tableofresultids: one a data row, or one
    max_body: int | None = None  # bytes; more is 413 (at Endgrate, too)

    tao: TaoKnobs = field(default_factory=TaoKnobs)
    endgrate: EndgrateKnobs = field(default_factory=EndgrateKnobs)

    script: tuple[Fault, ...] = ()
    chances: tuple[Chance, ...] = ()


def _chance(share: float, endpoint: Endpoint, kind: Kind, seconds: float = 1.0) -> Chance:
    return Chance(share=share, fault=Fault(endpoint=endpoint, kind=kind, seconds=seconds))


STORM: tuple[Chance, ...] = (
    _chance(0.02, "token", "unavailable"),
    _chance(0.02, "token", "drop_before"),
    _chance(0.01, "upload", "drop_unread"),
    _chance(0.02, "upload", "throttle"),
    _chance(0.01, "upload", "throttle_date", 2.0),
    _chance(0.02, "upload", "unavailable"),
    _chance(0.01, "upload", "unavailable_date", 2.0),
    _chance(0.01, "upload", "revoke"),
    _chance(0.01, "upload", "drop_before"),
    _chance(0.01, "upload", "reset_before"),
    _chance(0.01, "upload", "drop_after"),
    _chance(0.01, "upload", "reset_after"),
    _chance(0.005, "upload", "error_after"),
    _chance(0.005, "upload", "html"),
    _chance(0.005, "upload", "truncated"),
    _chance(0.005, "upload", "stuck"),
    _chance(0.01, "upload", "fail"),
    _chance(0.02, "poll", "throttle"),
    _chance(0.01, "poll", "unavailable_date", 2.0),
    _chance(0.01, "poll", "unauthorized"),
    _chance(0.02, "poll", "reset_before"),
    _chance(0.01, "poll", "html"),
    _chance(0.01, "poll", "unknown_status"),
    _chance(0.01, "poll", "trickle", 0.5),
    _chance(0.02, "result", "drop_after"),
    _chance(0.02, "result", "truncated"),
    _chance(0.02, "result", "unavailable_bare"),
)

PROFILES: dict[str, Profile] = {
    "null": Profile(job_base=0.0, validation="off", result_ids="one"),
    "calm": Profile(job_spread=0.4),
    "realistic": Profile(latency=(0.02, 0.06), slots=8, job_base=0.9, job_per_row=0.001, job_spread=0.25),
    "stormy": Profile(
        latency=(0.005, 0.08),
        slots=8,
        job_base=0.3,
        job_per_row=0.001,
        job_spread=0.6,
        token_ttl=30.0,
        chances=STORM,
    ),
}
