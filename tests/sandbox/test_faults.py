"""Which request meets which fault: decided without a server."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest

from orchestrator.sandbox import PROFILES, Chance, Fault
from orchestrator.sandbox.faults import Faults


def kinds(faults: Faults, endpoint: Any, count: int, name: str | None = None) -> list[str | None]:
    struck = [faults.strike(endpoint, name) for _ in range(count)]
    return [fault.kind if fault else None for fault in struck]


def test_a_scripted_fault_strikes_the_nth_request_and_as_many_as_it_says() -> None:
    faults = Faults([Fault(endpoint="upload", kind="throttle", nth=2, times=2)], (), 1)

    assert kinds(faults, "upload", 5) == [None, "throttle", "throttle", None, None]


def test_each_endpoint_is_counted_for_itself() -> None:
    faults = Faults([Fault(endpoint="poll", kind="html", nth=2)], (), 1)

    assert kinds(faults, "upload", 3) == [None] * 3
    assert kinds(faults, "poll", 2) == [None, "html"]


def test_with_a_name_only_its_own_requests_are_counted() -> None:
    faults = Faults([Fault(endpoint="upload", kind="stuck", nth=2, name="b")], (), 1)

    assert kinds(faults, "upload", 3, "a") == [None] * 3
    assert kinds(faults, "upload", 2, "b") == [None, "stuck"]


def test_the_first_of_two_scripted_faults_wins_and_both_are_counted() -> None:
    script = [Fault(endpoint="upload", kind="html"), Fault(endpoint="upload", kind="throttle", times=2)]

    assert kinds(Faults(script, (), 1), "upload", 3) == ["html", "throttle", None]


def test_a_body_that_is_not_read_is_decided_on_arrival() -> None:
    faults = Faults([Fault(endpoint="upload", kind="drop_unread")], (), 1)

    assert faults.strike("upload") is None
    assert faults.arrival("upload") is not None
    assert faults.arrival("upload") is None


@pytest.mark.parametrize(
    ("endpoint", "kind"),
    [
        ("poll", "stuck"),
        ("token", "revoke"),
        ("upload", "unknown_status"),
        ("upload", "meteor"),
        ("moon", "html"),
        ("token", "drop_unread"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(endpoint: Any, kind: Any) -> None:
    with pytest.raises(ValueError, match="no fault"):
        Fault(endpoint=endpoint, kind=kind)


def test_a_name_is_refused_where_it_cannot_be_known() -> None:
    with pytest.raises(ValueError, match="cannot know the Name"):
        Fault(endpoint="token", kind="html", name="a")


def test_only_a_hold_may_be_without_end() -> None:
    assert Fault(endpoint="poll", kind="hold_after", seconds=math.inf).seconds == math.inf
    with pytest.raises(ValueError, match="must have an end"):
        Fault(endpoint="poll", kind="throttle", seconds=math.inf)


def storm(seed: int) -> Faults:
    return Faults((), PROFILES["stormy"].chances, seed)


def test_the_storm_follows_from_the_seed() -> None:
    assert kinds(storm(1), "upload", 300) == kinds(storm(1), "upload", 300)
    assert kinds(storm(1), "upload", 300) != kinds(storm(2), "upload", 300)


def test_the_storm_at_one_endpoint_does_not_depend_on_the_others() -> None:
    alone, mixed = storm(3), storm(3)
    kinds(mixed, "poll", 57)
    mixed.arrival("upload")

    assert kinds(alone, "upload", 200) == kinds(mixed, "upload", 200)


def test_a_script_does_not_move_the_storm() -> None:
    scripted = Faults([Fault(endpoint="upload", kind="html")], PROFILES["stormy"].chances, 1)

    assert kinds(scripted, "upload", 200)[1:] == kinds(storm(1), "upload", 200)[1:]


def test_the_shares_hold_in_the_long_run() -> None:
    half = Chance(share=0.5, fault=Fault(endpoint="poll", kind="html"))
    tenth = Chance(share=0.1, fault=Fault(endpoint="poll", kind="throttle"))

    seen = Counter(kinds(Faults((), (half, tenth), 1), "poll", 10_000))

    assert abs(seen["html"] - 5000) < 200
    assert abs(seen["throttle"] - 1000) < 150


@pytest.mark.parametrize("name", ["null", "calm", "realistic"])
def test_only_the_storm_has_faults(name: str) -> None:
    assert (PROFILES[name].chances, PROFILES[name].script) == ((), ())
