"""Bugs in what must be on the disk before somebody acts on it, and in who may write there."""

from __future__ import annotations

from .bug import Bug

DURABILITY = (
    Bug(
        wrong="A file takes its name before its content is on the disk.",
        file="edges/atomic.py",
        old="                file.flush()\n                os.fsync(file.fileno())",
        new="                file.flush()",
        test="edges/test_durable.py::test_a_file_is_on_the_disk_before_it_takes_its_name_and_its_folder_after",
    ),
    Bug(
        wrong="The name of a file that was put in place is lost with the power.",
        file="edges/atomic.py",
        old="    if durable:\n        sync_folder(folder)",
        new="",
        test="edges/test_durable.py::test_a_file_is_on_the_disk_before_it_takes_its_name_and_its_folder_after",
    ),
    Bug(
        wrong="A large result takes its name before its content is on the disk.",
        file="edges/atomic.py",
        old='        with source.open("rb") as file:\n            os.fsync(file.fileno())\n',
        new="",
        test="edges/test_durable.py::test_a_large_result_is_on_the_disk_before_the_ledger_may_say_that_it_is_done",
    ),
    Bug(
        wrong="The name of a large result is lost with the power.",
        file="edges/atomic.py",
        old="        sync_folder(path.parent)",
        new="        pass",
        test="edges/test_durable.py::test_a_large_result_is_on_the_disk_before_the_ledger_may_say_that_it_is_done",
    ),
    Bug(
        wrong="A file is written under its own name, so a death leaves half of it.",
        file="edges/atomic.py",
        old='f"{folder}/{TEMPORARY}{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}"',
        new='f"{folder}/{name}"',
        test="edges/test_atomic.py::test_a_block_that_fails_leaves_what_was_there_before",
    ),
    Bug(
        wrong="A planted link is written through, into a file of somebody else.",
        file="edges/atomic.py",
        old="os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW",
        new="os.O_CREAT | os.O_TRUNC | os.O_WRONLY",
        test="edges/test_atomic.py::test_a_planted_link_is_not_written_through",
    ),
    Bug(
        wrong="Everybody on the machine may read what was written.",
        file="edges/atomic.py",
        old="PRIVATE = 0o600",
        new="PRIVATE = 0o644",
        test="edges/test_atomic.py::test_only_the_owner_may_read_it_whatever_the_umask",
    ),
    Bug(
        wrong="What was committed is not found while another thread is still reading.",
        file="edges/reader.py",
        old="[job_of(row) for row in self._rows(statement, *values)]",
        new="[job_of(row) for row in self._reader.execute(statement, values)]",
        test="edges/test_ledger.py::test_what_was_recorded_is_found_while_another_thread_is_still_reading",
    ),
    Bug(
        wrong="A ledger from an old backup is taken, and what was sent since goes again.",
        file="edges/workplace.py",
        old='            require_newest(ledger_file(out), out / "runs")\n',
        new="",
        test="edges/test_workplace.py::test_a_ledger_that_is_older_than_a_run_that_sent_files_is_refused",
    ),
    Bug(
        wrong="A commit of the ledger does not wait for the disk.",
        file="edges/database.py",
        old='        db.execute("PRAGMA synchronous = FULL")\n    except',
        new='        db.execute("PRAGMA synchronous = OFF")\n    except',
        test="edges/test_ledger.py::test_every_commit_reaches_the_disk_through_a_write_ahead_log",
    ),
    Bug(
        wrong="A commit reaches the disk only with the next checkpoint.",
        file="edges/database.py",
        old='        db.execute("PRAGMA synchronous = FULL")\n    except',
        new='        db.execute("PRAGMA synchronous = NORMAL")\n    except',
        test="edges/test_ledger.py::test_every_commit_reaches_the_disk_through_a_write_ahead_log",
    ),
    Bug(
        wrong="The ledger says that a transition is durable before it is committed.",
        file="edges/ledger.py",
        old='        db.execute("BEGIN IMMEDIATE")\n        try:\n            yield db\n'
        '            db.execute("COMMIT")',
        new='        if db.in_transaction:\n            db.execute("COMMIT")\n        db.execute("BEGIN IMMEDIATE")\n'
        "        try:\n            yield db",
        test="edges/test_ledger.py::test_what_is_recorded_outlives_a_kill",
    ),
    Bug(
        wrong="A job is done although its small results are in no ledger.",
        file="edges/ledger.py",
        old="            db.executemany(INSERT_RESULT, kept)",
        new="            pass",
        test="edges/test_ledger.py::test_small_results_are_durable_in_the_commit_of_the_state_that_rests_on_them",
    ),
    Bug(
        wrong="An upload that a dead run left under way is never looked at again.",
        file="edges/tables.py",
        old="WHERE state IN ('found', 'ready', 'sending', 'waiting', 'in_doubt') ORDER BY id",
        new="WHERE state IN ('found', 'ready', 'waiting', 'in_doubt') ORDER BY id",
        test="edges/test_ledger.py::test_what_is_unfinished_comes_in_the_order_in_which_it_came_in",
    ),
    Bug(
        wrong="The ledger of one target is used for another.",
        file="edges/database.py",
        old="        _bind(db, path, target_id)\n",
        new="",
        test="edges/test_ledger.py::test_another_target_is_refused_and_both_are_named",
    ),
    Bug(
        wrong="Two runs are at work in one output folder.",
        file="edges/lock.py",
        old="        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        new="        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)",
        test="edges/test_lock.py::test_the_second_is_told_at_once_where_and_what_to_do",
    ),
    Bug(
        wrong="Results that a dead run had not written yet stay unwritten for ever.",
        file="batch.py",
        old="        for line in await anyio.to_thread.run_sync(results.restore):\n",
        new="        for line in ():\n",
        test="cli/test_taking_up.py::test_results_that_are_gone_are_made_again_and_the_output_is_never_taken_for_input",
    ),
    Bug(
        wrong="A large result is cut short, and nobody is told.",
        file="edges/output.py",
        old="                if _size(path) == result.size:",
        new="                if _size(path) >= 0:",
        test="edges/test_output.py::test_a_large_result_that_is_gone_or_short_is_told",
    ),
    Bug(
        wrong="What was accepted is lost on a full disk, because the reserve is not given up for it.",
        file="edges/reserve.py",
        old="            self._path.unlink()",
        new="            return False",
        test="edges/test_ledger_disk.py::test_all_ends_that_come_at_once_are_written_from_the_reserve",
    ),
    Bug(
        wrong="A log that was damaged in its middle is taken up without the commits that follow.",
        file="edges/wal.py",
        old="            elif (left_out := left_out + 1) > 1:",
        new="            elif (left_out := left_out + 1) > len(log):",
        test="edges/test_ledger_trouble.py::test_a_log_that_is_damaged_in_its_middle_is_refused",
    ),
    Bug(
        wrong="A ledger that was deleted is begun anew, and every file is sent again.",
        file="edges/database.py",
        old="    if _is_blank(path) and not may_begin:",
        new="    if False:",
        test="edges/test_ledger_trouble.py::test_a_ledger_that_must_have_been_there_is_not_begun_anew",
    ),
    Bug(
        wrong="What the disk did not take is said to be recorded.",
        file="edges/ledger.py",
        old="                    return trouble(error, self._path)",
        new="                    return None",
        test="disk/test_many_writers.py::test_what_the_disk_did_not_take_is_not_in_the_file_and_all_else_is",
    ),
    Bug(
        wrong="What somebody made of a small result stays as it is, and nobody is told.",
        file="edges/output.py",
        old="                    put(path, body, durable=False)\n        return lost",
        new="                    pass\n        return lost",
        test="disk/test_damage.py::test_a_small_result_that_somebody_spoiled_is_made_again_from_the_ledger",
    ),
    Bug(
        wrong="The intent of an upload is noted after it was sent.",
        file="delivery.py",
        old="                trip.job = await self.ledger.record(job, *before, "
        "SendStarted(overwrite, self._now(), held))\n"
        "                if kept := self._why_kept(scope):\n",
        new="                intent = (*before, SendStarted(overwrite, self._now(), held))\n"
        "                outcome = await self.target.submit(evolve(job, *intent), body, overwrite=overwrite)\n"
        "                trip.job = await self.ledger.record(job, *intent)\n"
        "                if outcome:\n"
        "                    trip.job = await self.ledger.record(trip.job, outcome)\n"
        "                elif kept := self._why_kept(scope):\n",
        test="crash/test_every_moment.py::test_an_undisturbed_run_passes_every_moment_once_for_each_file",
    ),
    Bug(
        wrong="That the last bytes of an upload may leave is noted after they left.",
        file="delivery.py",
        old="            await self.ledger.record(sending, TailReleased())\n\n        try:\n"
        "            waits = release if sending.held else None\n"
        "            outcome = await self.target.submit(job, body, overwrite=job.overwrote, release=waits)",
        new="\n        try:\n"
        "            waits = release if sending.held else None\n"
        "            outcome = await self.target.submit(job, body, overwrite=job.overwrote, release=waits)\n"
        "            if sending.held:\n                await self.ledger.record(sending, TailReleased())",
        test="crash/test_tail.py::test_a_tail_leaves_when_the_ledger_can_be_seen_to_say_so",
    ),
    Bug(
        wrong="What a kill left between two tries is never sent again.",
        file="edges/tables.py",
        old="WHERE state IN ('found', 'ready', 'sending', 'waiting', 'in_doubt') ORDER BY id",
        new="WHERE state IN ('found', 'sending', 'waiting', 'in_doubt') ORDER BY id",
        test="crash/test_every_transition.py::test_killed_at_a_turn_for_the_worse_nothing_is_lost_and_nothing_is_there_twice",
    ),
    Bug(
        wrong="The ledger's commits stand in line behind the checks of files.",
        file="edges/batcher.py",
        old="await anyio.to_thread.run_sync(work, limiter=anyio.CapacityLimiter(1))",
        new="await anyio.to_thread.run_sync(work)",
        test="edges/test_ledger.py::test_a_commit_does_not_wait_for_the_threads_that_others_hold",
    ),
    Bug(
        wrong="What the remote refuses at once is lost on a full disk.",
        file="edges/ledger.py",
        old="isinstance(event, ends) or (isinstance(event, verdicts) and not event.results)",
        new="isinstance(event, ends)",
        test="edges/test_ledger_disk.py"
        "::test_each_end_of_an_upload_that_nobody_could_find_out_again_may_take_the_reserve",
    ),
    Bug(
        wrong="Results that the remote says again take the reserve from what it does not.",
        file="edges/ledger.py",
        old="(isinstance(event, verdicts) and not event.results)",
        new="isinstance(event, verdicts)",
        test="edges/test_ledger_disk.py"
        "::test_what_the_remote_says_again_when_it_is_asked_leaves_the_reserve_to_what_it_does_not",
    ),
    Bug(
        wrong="Half a list of rejects that a kill left stays for ever.",
        file="edges/workplace.py",
        old='(out / "rejects", out / "mended", out / "edited", state / "lists")',
        new="()",
        test="edges/test_workplace.py::test_half_a_list_of_rejects_of_a_killed_run_is_cleared_away_and_nothing_else",
    ),
    Bug(
        wrong="Clearing up takes the files of others along.",
        file="edges/atomic.py",
        old="            if _UNFINISHED.fullmatch(name):",
        new="            if name:",
        test="edges/test_workplace.py::test_half_a_list_of_rejects_of_a_killed_run_is_cleared_away_and_nothing_else",
    ),
    Bug(
        wrong="The ledger is put at the other end of a network, where no lock and no log of it holds.",
        file="edges/workplace.py",
        old="        require_local(state)\n",
        new="",
        test="edges/test_mounts.py::test_an_output_folder_at_the_other_end_of_a_network_is_refused_with_the_remedy",
    ),
    Bug(
        wrong="With another template of Names all that was sent goes out once more.",
        file="edges/workplace.py",
        old="                keep_names(ledger_file(out), names)\n",
        new="                pass\n",
        test="cli/test_taking_up.py::test_other_names_for_what_was_sent_are_refused_before_anything_goes_twice",
    ),
    Bug(
        wrong="A ledger from the middle of a run is taken, and what was sent after that goes twice.",
        file="edges/witness.py",
        old="(_ask(ledger, SELECT_NEWEST_EVENT) or 0) >= newest and ",
        new="",
        test="cli/test_old_ledgers.py::test_a_copy_from_the_middle_of_a_run_that_ended_is_refused",
    ),
    Bug(
        wrong="The mark of a run stays at what its ledger was at its first upload.",
        file="batch.py",
        old="            renew_mark(ledger_file(self.place.out), self.place.report)\n",
        new="",
        test="cli/test_old_ledgers.py::test_a_copy_from_the_middle_of_a_run_that_ended_is_refused",
    ),
    Bug(
        wrong="What a run sent after its mark was put is unknown to everybody when it is killed.",
        file="edges/witness.py",
        old="                self._next = nth + EVERY",
        new="                self._next = nth + 1_000_000",
        test="cli/test_old_ledgers.py"
        "::test_a_copy_from_the_middle_of_a_run_that_was_killed_is_refused_when_much_was_sent_since",
    ),
    Bug(
        wrong="A run whose clock was ahead hides all that were sent after it.",
        file="edges/witness.py",
        old='    newest, run = max(islice(_marks(runs), _LOOKED_AT), default=(0, ""))',
        new='    newest, run = next(_marks(runs), (0, ""))',
        test="cli/test_old_ledgers.py::test_a_run_whose_clock_was_ahead_does_not_hide_those_that_came_after_it",
    ),
    Bug(
        wrong="Names change under files that are still to be sent, and both go.",
        file="edges/tables.py",
        old="OR state NOT IN ('rejected', 'superseded', 'failed') LIMIT 1",
        new="LIMIT 1",
        test="cli/test_old_ledgers.py::test_names_of_files_that_are_still_to_be_sent_may_not_change_either",
    ),
    Bug(
        wrong="A part is read from another file than the one that was listed.",
        file="edges/contents.py",
        old="if expected is not None and stamp_of(os.fstat(source.fileno())) != expected:",
        new="if expected is not None and stamp_of(os.fstat(source.fileno())) is None:",
        test="cli/test_changed_files.py::test_a_file_in_parts_that_is_replaced_while_they_are_sent_is_not_called_done",
    ),
    Bug(
        wrong="A run that was told to stop reads a large file to its end first.",
        file="edges/sheets.py",
        old="        anyio.from_thread.check_cancelled()",
        new="        pass",
        test="edges/test_inbox_large.py::test_who_is_told_to_stop_reads_a_large_file_no_further",
    ),
    Bug(
        wrong="What a killed run had done is never told by the next one.",
        file="edges/ledger.py",
        old="            db.executemany(INSERT_UNTOLD, untold)",
        new="            pass",
        test="cli/test_unheard.py::test_rows_that_are_not_at_the_remote_end_the_next_run_with_3_and_no_other",
    ),
    Bug(
        wrong="A run that looked at other files takes what a killed one had done for told.",
        file="batch.py",
        old="self.place.ledger.told(but=report.untold)",
        new="self.place.ledger.told(but={})",
        test="cli/test_unheard.py::test_a_report_of_other_files_in_between_takes_nothing_away",
    ),
    Bug(
        wrong="Rows of which the remote did not tell are forgotten with the run that asked.",
        file="tracking.py",
        old="unknown=unknown if ended.by_row else 0",
        new="unknown=0",
        test="cli/test_unheard.py::test_rows_of_which_the_remote_did_not_tell_and_a_killed_run_could_not_are_told",
    ),
)
