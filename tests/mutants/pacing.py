"""Bugs in how fast a run goes, in what it learns, and in what is wired into it."""

from __future__ import annotations

from .bug import Bug

PACING = (
    Bug(
        wrong="Nothing that earlier runs taught about how long jobs take is used: every night asks too often anew.",
        file="batch.py",
        old="            times=JobTimes(self.place.ledger.durations()),",
        new="            times=JobTimes(),",
        test="flow/test_wiring_batch.py::test_a_run_asks_later_after_jobs_of_a_size_that_took_long_in_earlier_runs",
    ),
    Bug(
        wrong="A stop that meets a commit leaves the run with another state than the ledger.",
        file="wiring.py",
        old="    ledger = Unbroken(_narrated(parts.ledger))",
        new="    ledger = _narrated(parts.ledger)",
        test="flow/test_wiring_stops.py::test_a_stop_in_the_middle_of_a_commit_leaves_the_run_with_what_the_ledger_has",
    ),
    Bug(
        wrong="Later tries hold as much again in memory as first ones do.",
        file="wiring.py",
        old="        memory=memory,\n        grace=parts.grace,",
        new="        memory=Memory(limits.bytes),\n        grace=parts.grace,",
        test="flow/test_wiring_limits.py::test_as_many_files_are_held_as_the_configured_memory_has_room_for",
    ),
    Bug(
        wrong="A Retry-After in answer to a poll is no matter to the uploads.",
        file="wiring.py",
        old="        lane=Lane(limits.polls, way),",
        new="        lane=Lane(limits.polls, Way(Gate(), parts.target.probe, parts.clock)),",
        test="flow/test_wiring.py::test_a_poll_that_is_told_when_to_come_again_holds_every_upload_and_every_other_poll",
    ),
    Bug(
        wrong="A request leaves with its new token although the remote has asked for a wait meanwhile.",
        file="targets/platform/target.py",
        old="        return await authorized(self._credentials, exchange, self._may_go)",
        new="        return await authorized(self._credentials, exchange)",
        test="targets/test_leaving.py::test_a_request_that_may_not_leave_when_its_bearer_is_there_stays_here",
    ),
    Bug(
        wrong="As many uploads go at once as there may be polls.",
        file="wiring.py",
        old="    uploads = UploadLane(limits.uploads, ",
        new="    uploads = UploadLane(limits.polls, ",
        test="flow/test_wiring_limits.py::test_as_many_uploads_go_at_once_as_configured_and_as_many_reads",
    ),
    Bug(
        wrong="A job is waited for as long as it may be unfinished over all runs: a night does not end.",
        file="wiring.py",
        old="        patience=polling.deadline,",
        new="        patience=polling.give_up,",
        test="flow/test_wiring.py::test_polls_follow_what_is_configured_up_to_the_deadline_of_the_run",
    ),
    Bug(
        wrong="A pair is sent while its companion is still being written.",
        file="errands.py",
        old="(self.file.stamp, self.file.events_stamp)",
        new="(self.file.stamp, None)",
        test="flow/test_wiring_batch.py::"
        "test_what_may_still_be_written_to_comes_last_and_is_looked_at_when_it_has_had_time",
    ),
    Bug(
        wrong="A job of no time is asked after without a pause.",
        file="tracking.py",
        old="            elif delay < _SHORTEST_DELAY:",
        new="            elif delay < 0.0:",
        test="flow/test_wiring.py::test_whatever_is_configured_the_polls_of_a_job_are_a_twentieth_of_a_second_apart",
    ),
)
