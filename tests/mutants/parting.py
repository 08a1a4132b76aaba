"""Bugs in how a file is divided, and in what becomes of its parts."""

from __future__ import annotations

from .bug import Bug

PARTING = (
    Bug(
        wrong="A death leaves some parts of a file in the ledger and others not.",
        file="edges/ledger.py",
        old="        await self._record((*((evolve(part, checked), (checked,)) for part, checked in parts), "
        "(after, events)))",
        new="        for part, checked in parts:\n"
        "            await self._record(((evolve(part, checked), (checked,)),))\n"
        "        await self._record(((after, events),))",
        test="edges/test_ledger.py::test_a_division_is_one_commit",
    ),
    Bug(
        wrong="A part that the remote has already is sent again with every other version of its file.",
        file="partition.py",
        old="    if known.state is State.DONE and same_bytes(known, piece.source) and not comes_back:\n"
        "        return None\n",
        new="",
        test="core/test_partition.py::test_a_changed_file_sends_only_the_parts_that_changed",
    ),
    Bug(
        wrong="A file is done although one of its parts failed.",
        file="partition.py",
        old="        if ends[State.DONE] == len(parts):",
        new="        if ends[State.DONE]:",
        test="core/test_partition.py::test_only_the_parts_that_failed_are_sent_again",
    ),
    Bug(
        wrong="A file is done when the ledger does not find its parts.",
        file="predecessors.py",
        old="        if len(parts) < len(names):",
        new="        if not names:",
        test="core/test_partition.py::test_a_file_of_which_the_ledger_misses_parts_is_never_called_done",
    ),
    Bug(
        wrong="Rows that went in one part go in another as well, where what is sent is added.",
        file="predecessors.py",
        old="piece is not None and (not self.adds or same_bytes(part, piece))",
        new="piece is not None",
        test="cli/test_divisions.py"
        "::test_what_divides_it_otherwise_sends_no_row_a_second_time_and_what_was_sends_the_rest",
    ),
    Bug(
        wrong="A part stays at the remote beside the larger ones that have its rows now.",
        file="predecessors.py",
        old="piece is not None and (not self.adds or same_bytes(part, piece))",
        new="not self.adds or (piece is not None and same_bytes(part, piece))",
        test="cli/test_divisions.py::test_a_part_that_would_be_left_over_where_the_others_replace_keeps_the_file_back",
    ),
    Bug(
        wrong="A rejection makes it forget in which parts a file went.",
        file="predecessors.py",
        old="next((version for version in known if version.parts), None)",
        new="next(known, None)",
        test="cli/test_divisions.py::test_it_is_remembered_over_a_rejection_in_between",
    ),
    Bug(
        wrong="Rows that were refused of a part are looked for where it stood in an earlier version.",
        file="objections.py",
        old="[lines[before + row] for ends in part.refused for row in own.rows_on(*ends, sent)]",
        new="[line for ends in part.refused for line in range(ends[0], ends[1] + 1)]",
        test="cli/test_resubmit_additions.py"
        "::test_rows_that_the_remote_refused_are_found_where_they_stand_in_a_changed_file",
    ),
    Bug(
        wrong="A file that only went in parts is sent over a Name that was never its own.",
        file="model/evolution.py",
        old="_with_refused(job.checked, lines), job.owns or not job.parts",
        new="_with_refused(job.checked, lines), True",
        test="core/test_partition.py::test_a_name_that_only_parts_had_is_not_sent_over",
    ),
    Bug(
        wrong="A new version does not wait for a lost attempt of a part that it has no more.",
        file="pipeline.py",
        old="            if late := self.predecessors.late(job):",
        new="            if late := None:",
        test="core/test_partition.py"
        "::test_a_new_version_waits_for_a_lost_attempt_of_a_part_that_it_has_no_more[ONE TWO THREE]",
    ),
    Bug(
        wrong="A part in doubt is forgotten as soon as the others have ended.",
        file="partition.py",
        old="part.state.is_open or part.state is State.IN_DOUBT for part in parts",
        new="part.state.is_open for part in parts",
        test="core/test_partition.py::test_a_part_in_doubt_keeps_the_file_open_until_a_person_has_spoken",
    ),
    Bug(
        wrong="A part takes the Name of another file.",
        file="partition.py",
        old="            if (clash := self.names.claim(name, job.path, known)) is not None:",
        new="            if (clash := self.names.claim(name, job.path, None)) is not None:",
        test="core/test_partition.py::test_a_part_whose_name_belongs_to_another_file_rejects_the_whole",
    ),
    Bug(
        wrong="A row that belongs to no part is sent with one, because it is wrong only beside another part's.",
        file="edges/sheets.py",
        old="            if _sha256(text.encode()) == sheet.sent:\n",
        new="            if text:\n",
        test="edges/test_pieces.py::test_a_row_that_is_wrong_beside_one_of_another_part_is_in_none",
    ),
    Bug(
        wrong="A part holds one row more than its limit.",
        file="validation/cuts.py",
        old="self._rows + rows <= limits.rows",
        new="self._rows + rows <= limits.rows + 1",
        test="cli/test_divisions.py::test_a_part_that_would_be_left_over_where_the_others_replace_keeps_the_file_back",
    ),
    Bug(
        wrong="The rows of a part are joined to lines of another.",
        file="validation/cuts.py",
        old="        for first, end in ((1, self._header_line), (self._header_line + 1, line)):\n",
        new="        for first, end in ((1, self._header_line),):\n",
        test="edges/test_pieces.py::test_the_parts_as_they_are_sent_are_the_rows_of_the_whole_and_know_their_lines",
    ),
    Bug(
        wrong="A file that changed is sent whole where the remote adds it to what it took before.",
        file="pipeline.py",
        old="        if before is None or (self.finds_again(job) and self.finds_again(before)):",
        new="        if before is None or before is not None:",
        test="cli/test_changed_files.py::test_without_a_key_a_changed_file_is_kept_back_and_a_new_one_beside_it_goes",
    ),
    Bug(
        wrong="What is refused in between hides that the remote has rows of the version before it.",
        file="predecessors.py",
        old="        return next((other for other in reversed(others) if self._has_rows_but(now, other)), None)",
        new="        return next((other for other in others[-1:] if self._has_rows_but(now, other)), None)",
        test="core/test_additions.py::test_a_version_that_was_refused_in_between_does_not_hide_one_that_was_taken",
    ),
    Bug(
        wrong="A part that changed comes to the rows that it had before.",
        file="predecessors.py",
        old="        return not all(self._stands_in_for(part, now.get(part.name)) for part in done)",
        new="        return not any(self._stands_in_for(part, now.get(part.name)) for part in done)",
        test="core/test_additions.py::test_a_file_in_parts_of_which_one_that_was_taken_changes_is_kept_back",
    ),
    Bug(
        wrong="A key that was set since is taken to find what was sent without one.",
        file="pipeline.py",
        old="(self.finds_again(job) and self.finds_again(before))",
        new="self.finds_again(job)",
        test="cli/test_changed_files.py"
        "::test_a_key_that_was_set_or_changed_since_does_not_find_what_was_sent_before_it",
    ),
    Bug(
        wrong="What stays at the remote of a version that did not get there whole is told to nobody.",
        file="predecessors.py",
        old="            if before.version < job.version:\n",
        new="            if before.version < job.version and before.state is State.DONE:\n",
        test="core/test_partition.py::test_so_is_what_stays_of_a_version_that_did_not_get_there_whole",
    ),
)
