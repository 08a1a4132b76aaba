"""Bugs in what people and scripts are told, and in what nobody may be told."""

from __future__ import annotations

from .bug import Bug

TELLING = (
    Bug(
        wrong="A run that leaves something in doubt ends with 0.",
        file="exits.py",
        old="        reasons.add(Exit.IN_DOUBT)",
        new="        reasons.add(Exit.OK)",
        test="core/test_values.py::test_the_exit_code_is_the_reason_that_asks_for_the_most_attention",
    ),
    Bug(
        wrong="Good rows of a file that was not sent stand nowhere.",
        file="books.py",
        old="            self.withheld += good",
        new="            self.withheld += 0",
        test="core/test_values.py::test_the_books_balance_whatever_becomes_of_a_file",
    ),
    Bug(
        wrong="Rows that may have arrived count as withheld.",
        file="books.py",
        old="    return job.attempts > 0 and (job.repeats or job.state not in (State.READY, State.SUPERSEDED))",
        new="    return job.attempts > 0 and job.state not in (State.READY, State.SUPERSEDED)",
        test="core/test_values.py::test_a_ready_file_that_may_have_arrived_is_unknown_not_withheld",
    ),
    Bug(
        wrong="Books that do not balance are no matter.",
        file="exits.py",
        old="        reasons.add(Exit.BUG)",
        new="        pass",
        test="core/test_values.py::test_books_that_do_not_balance_are_a_bug",
    ),
    Bug(
        wrong="A known secret stands in the log.",
        file="edges/log.py",
        old="        text = text.replace(secret, _MASK)",
        new="        text = text.replace(secret, secret)",
        test="edges/test_log.py::test_a_known_secret_is_blotted_out_wherever_it_stands",
    ),
    Bug(
        wrong="The log repeats what a library says of an exception.",
        file="edges/log.py",
        old='        words = str(record.msg).partition("\\n")[0]',
        new="        words = self.format(record)",
        test="edges/test_log.py::test_of_a_library_s_record_only_its_words_are_told_even_without_a_known_secret",
    ),
    Bug(
        wrong="A token that opens results stands in the log.",
        file="edges/log.py",
        old='if key not in ("token", "rules")',
        new='if key not in ("rules",)',
        test="edges/test_log.py::test_every_event_is_told_once_it_is_durable_and_without_its_token",
    ),
    Bug(
        wrong="A cell of the table of files begins a formula.",
        file="naming.py",
        old='    return _FORMULA.sub(r"\\1\'", printable(cell))',
        new="    return printable(cell)",
        test="edges/test_report.py::test_a_cell_that_a_spreadsheet_would_take_for_a_formula_is_made_harmless",
    ),
    Bug(
        wrong="Where stderr cannot be written, every command ends with the code of the interpreter.",
        file="cli/__init__.py",
        old="    _let_go(sys.stderr, 2)\n",
        new="",
        test="cli/test_output.py::test_no_command_ends_with_the_code_of_the_interpreter",
    ),
    Bug(
        wrong="A canary that failed lets the rest start.",
        file="run.py",
        old="Ending.REJECTED, Ending.DEFERRED})\n",
        new="Ending.REJECTED, Ending.DEFERRED, Ending.FAILED})\n",
        test="cli/test_backfill.py::test_a_canary_that_fails_keeps_everything_else_from_being_sent",
    ),
    Bug(
        wrong="A process that aborts leaves its memory behind, with the secrets in it.",
        file="cli/__init__.py",
        old="    resource.setrlimit(resource.RLIMIT_CORE, (0, most))\n",
        new="",
        test="security/test_rights.py::test_a_process_that_aborts_leaves_no_core_with_its_secrets",
    ),
    Bug(
        wrong="Whoever runs as the same user reads the secrets out of the process.",
        file="cli/__init__.py",
        old="        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)\n",
        new="        pass\n",
        test="security/test_rights.py::test_nobody_else_reads_the_memory_or_the_environment_of_a_command_as_it_runs",
    ),
    Bug(
        wrong="A name in a folder drives the terminal of whoever looks at the log.",
        file="naming.py",
        old="    if text.isascii() and text.isprintable():",
        new="    if text:",
        test="security/test_terminal.py::test_no_name_and_no_answer_drives_a_terminal_or_breaks_a_line_of_the_log",
    ),
    Bug(
        wrong="A report that could not be written hides behind the exit code of a lesser trouble.",
        file="batch.py",
        old="            code = most_urgent((code, exit_for(error)))",
        new="            code = code or exit_for(error)",
        test="flow/test_wiring_batch.py::test_a_report_that_cannot_be_written_asks_for_more_attention_than_a_doubt",
    ),
    Bug(
        wrong="Nobody else writes our Names, and the next version of a failed job is refused as if somebody did.",
        file="targets/platform/target.py",
        old="        ours = feedback.rows > 0 or self._config.repeat_replaces",
        new="        ours = feedback.rows > 0",
        test="targets/test_conclusions.py::test_where_nobody_else_writes_our_names_a_failed_job_leaves_its_name_to_us",
    ),
    Bug(
        wrong="While many objections are joined to their lines no upload goes on.",
        file="tracking.py",
        old="await anyio.to_thread.run_sync(joined, job, objections)",
        new="joined(job, objections)",
        test="core/test_objections.py::test_uploads_go_on_while_many_are_joined_to_their_lines",
    ),
    Bug(
        wrong="The last row above a stretch of bad ones is told with the line below them.",
        file="ranges.py",
        old="            if left <= outside:\n",
        new="            if left < outside:\n",
        test="validation/test_source_line.py::test_every_sent_row_is_found_again",
    ),
    Bug(
        wrong="Events that a new version took away from the remote are told by nobody.",
        file="predecessors.py",
        old="        trip.without_events = self._without_events(job)\n",
        new="",
        test="cli/test_required_events.py::"
        "test_a_pair_that_goes_without_its_events_says_so_and_what_the_remote_has_no_more",
    ),
    Bug(
        wrong="Missing secrets are told only once all else is mended.",
        file="config/__init__.py",
        old="    problems += unmet(made.settings, needs, made.doubtful)\n",
        new="    problems = problems or [*unmet(made.settings, needs, made.doubtful)]\n",
        test="config/test_config_sources.py::test_all_problems_of_all_sources_are_told_at_once",
    ),
    Bug(
        wrong="A run that was killed before it sent anything was none.",
        file="edges/workplace.py",
        old="            self.report.mkdir()\n",
        new="            pass\n",
        test="cli/test_status.py::"
        "test_a_run_is_told_from_its_beginning_and_when_it_was_killed_although_it_sent_nothing",
    ),
)
