"""The queue, the slots and the clock: arithmetic, without a server."""

from __future__ import annotations

import random
import statistics

from orchestrator.sandbox import PROFILES, Profile
from orchestrator.sandbox.jobs import Job, Jobs, Phase


def submit(jobs: Jobs, now: float, rows: int = 0, **how: bool) -> Job:
    token = f"t{random.random()}"
    return jobs.submit(now, token=token, name="n", rows=rows, **how)


def test_a_job_starts_at_once_while_a_slot_is_free() -> None:
    jobs = Jobs(Profile(slots=2, job_base=10.0), random.Random(1))

    assert [submit(jobs, 5.0).starts, submit(jobs, 5.0).starts] == [5.0, 5.0]


def test_a_job_waits_for_the_first_slot_that_falls_free() -> None:
    jobs = Jobs(Profile(slots=2, job_base=0.0, job_per_row=1.0), random.Random(1))
    submit(jobs, 0.0, rows=10)
    submit(jobs, 0.0, rows=4)

    third, fourth, fifth = submit(jobs, 1.0, rows=3), submit(jobs, 1.0, rows=1), submit(jobs, 20.0, rows=1)

    assert (third.starts, third.ends) == (4.0, 7.0)
    assert (fourth.starts, fourth.ends) == (7.0, 8.0)
    assert (fifth.starts, fifth.ends) == (20.0, 21.0)


def test_without_a_limit_nobody_waits() -> None:
    jobs = Jobs(Profile(job_base=10.0), random.Random(1))

    assert {submit(jobs, 0.0).ends for _ in range(100)} == {10.0}


def test_a_stuck_job_never_ends_and_keeps_no_slot() -> None:
    jobs = Jobs(Profile(slots=1, job_base=1.0), random.Random(1))

    stuck = submit(jobs, 0.0, stuck=True)

    assert jobs.state(stuck, 1e9) == "processing"
    assert submit(jobs, 0.0).starts == 0.0


def test_the_share_of_the_work_that_is_done_grows_from_nothing_to_all() -> None:
    jobs = Jobs(Profile(slots=1, job_base=10.0), random.Random(1))
    submit(jobs, 0.0)
    second, stuck = submit(jobs, 0.0), submit(jobs, 0.0, stuck=True)

    assert [second.done(now) for now in (0.0, 10.0, 15.0, 20.0, 99.0)] == [0.0, 0.0, 0.5, 1.0, 1.0]
    assert submit(Jobs(Profile(job_base=0.0), random.Random(1)), 5.0).done(5.0) == 1.0
    assert stuck.done(1e9) == 0.0


def test_the_running_words_follow_one_another_until_the_end() -> None:
    words = ("queued", "validating", "processing")
    jobs = Jobs(Profile(slots=1, job_base=10.0, running_words=words), random.Random(1))
    submit(jobs, 0.0)
    second = submit(jobs, 0.0)

    seen = [jobs.state(second, now) for now in (0.0, 9.9, 10.0, 14.9, 15.0, 19.9, 20.0, 99.0)]

    assert seen == ["queued"] * 2 + ["validating"] * 2 + ["processing"] * 2 + ["completedsuccessfully"] * 2


def test_one_running_word_is_enough() -> None:
    jobs = Jobs(Profile(job_base=10.0, running_words=("working",)), random.Random(1))

    assert jobs.state(submit(jobs, 0.0), 5.0) == "working"


def test_a_job_without_length_is_done_at_once() -> None:
    jobs = Jobs(Profile(job_base=0.0), random.Random(1))

    assert jobs.state(submit(jobs, 0.0), 0.0) == "completedsuccessfully"


def test_a_job_with_errors_ends_failed_and_not_before() -> None:
    jobs = Jobs(Profile(job_base=1.0), random.Random(1))

    job = jobs.submit(0.0, token="t", name="n", rows=1, errors=("1||x",))

    assert job.phase(0.5) is Phase.RUNNING
    assert job.phase(1.0) is Phase.FAILED
    assert jobs.state(job, 1.0) == "failed"


def test_the_same_seed_gives_the_same_lengths() -> None:
    def lengths(seed: int) -> list[float]:
        jobs = Jobs(PROFILES["realistic"], random.Random(seed))
        return [job.ends - job.starts for job in (submit(jobs, 0.0, rows=100) for _ in range(50))]

    assert lengths(1) == lengths(1)
    assert lengths(1) != lengths(2)


def test_the_realistic_job_of_a_hundred_rows_takes_the_documented_time() -> None:
    jobs = Jobs(PROFILES["realistic"], random.Random(7))

    lengths = [job.ends - job.starts for job in (submit(jobs, 0.0, rows=100) for _ in range(4000))]

    assert abs(statistics.median(lengths) - 1.0) < 0.03
    assert sum(0.6 < length < 1.65 for length in lengths) / len(lengths) > 0.94


def test_a_calm_job_takes_some_ten_to_fifty_milliseconds() -> None:
    jobs = Jobs(PROFILES["calm"], random.Random(7))

    lengths = [job.ends - job.starts for job in (submit(jobs, 0.0) for _ in range(1000))]

    assert sum(0.008 < length < 0.05 for length in lengths) / len(lengths) > 0.95
