"""Bugs in what files have to do with each other: what is found beside others, and who waits for whom."""

from __future__ import annotations

from .bug import Bug

RELATING = (
    Bug(
        wrong="A file is sent before those that it refers to are done.",
        file="run.py",
        old="        line = Line(by_path, self._precedence)\n",
        new="        line = Line(by_path, Precedence())\n",
        test="core/test_waiting.py::test_a_file_goes_when_those_that_it_needs_are_done_however_little_room_there_is",
    ),
    Bug(
        wrong="A file is sent although one that it refers to was rejected.",
        file="precedence.py",
        old="            if end not in _ENOUGH:\n",
        new="            if end is None:\n",
        test="core/test_waiting.py::test_a_file_is_kept_as_long_as_one_that_it_needs_is_anything_but_done",
    ),
    Bug(
        wrong="What an earlier run left ready is sent without what it refers to.",
        file="run.py",
        old="may_send=errand.selected and not kept)",
        new="may_send=errand.selected)",
        test="core/test_waiting.py::test_what_an_earlier_run_left_ready_is_kept_as_well",
    ),
    Bug(
        wrong="Two files that wait for each other wait for ever.",
        file="precedence.py",
        old="if ring[parent] == ring[child] and parent >= child}",
        new="if parent == child}",
        test="core/test_precedence.py::test_everybody_comes_after_his_parents_and_else_in_the_order_given",
    ),
    Bug(
        wrong="A file is sent that nobody has looked at beside the others.",
        file="edges/census.py",
        old="        return seen is not None and (seen.data, seen.mends) == (source.data, source.mends)\n",
        new="        return seen is not None\n",
        test="edges/test_census.py::test_a_file_that_is_not_the_one_that_was_looked_at_is_not_taken",
    ),
    Bug(
        wrong="A file stays rejected although what was wrong with it beside another was mended there.",
        file="edges/census.py",
        old='        return hashlib.sha256(f"{rules}{mark}".encode()).hexdigest() if mark else rules\n',
        new="        return rules\n",
        test="edges/test_census.py::test_a_rejection_holds_as_long_as_what_others_have_against_its_rows",
    ),
    Bug(
        wrong="What the remote has already is told at the file that brought it there.",
        file="edges/census.py",
        old="            key=lambda look: (not look.done, not whole(look),",
        new="            key=lambda look: (not whole(look),",
        test="edges/test_census.py::test_a_key_belongs_to_the_file_that_is_done_then_to_one_that_goes_for_sure",
    ),
    Bug(
        wrong="Whoever finds the database of a killed run can look up names in it.",
        file="edges/registry.py",
        old="digest_size=_BYTES, key=self._key)",
        new="digest_size=_BYTES)",
        test="edges/test_census.py::test_the_digests_of_two_runs_have_nothing_in_common",
    ),
    Bug(
        wrong="A row is told to refer to nobody although a file that cannot be read may hold whom it means.",
        file="edges/census.py",
        old="            if unsure:\n",
        new="            if not there:\n",
        test="edges/test_census.py::test_what_a_file_that_is_not_sent_may_hold_is_waited_for",
    ),
    Bug(
        wrong="A row that is wrong beside another file is sent with a part.",
        file="validation/sieve.py",
        old="        errors = self._tally.take((*looked.problems, *beside))\n",
        new="        errors = self._tally.take(looked.problems)\n",
        test="edges/test_census.py::test_a_part_holds_no_row_that_is_wrong_beside_another_file",
    ),
    Bug(
        wrong="A row is left out for the sake of another file that never gets to the remote.",
        file="edges/census.py",
        old="        if self._drop_rows and self._relations.duplicates is Severity.ERROR:\n",
        new="        if not self._looks:\n",
        test="cli/test_relations.py::test_a_row_is_left_out_for_the_sake_of_another_file_only_when_that_one_is_done",
    ),
    Bug(
        wrong="A run that kept files back for the sake of others ends as if all were well.",
        file="exits.py",
        old="ends[Ending.FAILED] or books.kept or books.dropped",
        new="ends[Ending.FAILED] or books.dropped",
        test="cli/test_relations.py::test_a_file_is_kept_where_those_that_it_needs_are_in_doubt_or_none_of_this_run",
    ),
)
