"""Bugs in what becomes of rows that a person mended."""

from __future__ import annotations

from .bug import Bug

MENDING = (
    Bug(
        wrong="Rows that were mended make no new version, so that they are never sent.",
        file="edges/inbox.py",
        old="            source = replace(source, mends=self._digest_of_mends(file, source))\n",
        new="            self._digest_of_mends(file, source)\n",
        test="edges/test_mended.py::test_a_mended_row_is_sent_in_its_place",
    ),
    Bug(
        wrong="The short cut passes over a mended row, because the one in its place is clean by now.",
        file="validation/judge.py",
        old='        fast = fast and not self._mends.touches(self._line, self._line + text.count("\\n"))\n',
        new="",
        test="validation/test_mends.py::test_a_row_that_is_clean_by_now_gives_way_all_the_same",
    ),
    Bug(
        wrong="With the mended rows go all that the remote has already, where it adds them once more.",
        file="validation/mends.py",
        old="        return any(line not in ranges for ranges in self._unsent)",
        new="        return False",
        test="cli/test_resubmit_additions.py::test_only_the_mended_records_are_pushed",
    ),
    Bug(
        wrong="A mended row may have the key of one that was accepted.",
        file="validation/sieve.py",
        old="        looked = self._rules.look(record, keys)\n",
        new="        keys = self._rules.keys() if self._mends.was_sent(record.line) else keys\n"
        "        looked = self._rules.look(record, keys)\n",
        test="cli/test_resubmit_additions.py::test_a_key_that_an_accepted_row_has_is_no_key_for_a_mended_one",
    ),
    Bug(
        wrong="To look whose list it is makes the list anew, and what was mended in it is lost.",
        file="resubmission.py",
        old="        match await anyio.to_thread.run_sync(self.inbox.look, file):",
        new="        match await self.inbox.read(file):",
        test="cli/test_resubmit.py::test_a_list_whose_file_is_gone_or_another_is_told",
    ),
    Bug(
        wrong="A row that was accepted before goes once more.",
        file="resubmission.py",
        old="                require_absent(listed.rows, judged, version)\n",
        new="                continue\n",
        test="cli/test_resubmit.py::test_a_row_that_was_accepted_before_is_refused_with_its_whole_list",
    ),
    Bug(
        wrong="Of the versions before only the newest is asked what was accepted.",
        file="resubmission.py",
        old="        if not self.mended.adds:\n            return [newest]",
        new="        if self.mended.adds:\n            return [newest]",
        test="cli/test_resubmit_additions.py::test_a_row_that_an_earlier_version_took_is_refused",
    ),
    Bug(
        wrong="Cells go by their place although somebody moved the columns.",
        file="validation/mended.py",
        old="tuple(row.cells[place] for place in places)",
        new="row.cells",
        test="cli/test_resubmit.py::test_columns_in_another_order_are_put_back_in_theirs",
    ),
    Bug(
        wrong="Without its mended rows a file counts as changed, and the remote loses them.",
        file="intake.py",
        old="    if source.mends is None and known.source is not None:",
        new="    if source.mends is None and known.source is None:",
        test="cli/test_resubmit.py::test_rows_are_kept_in_a_place_of_their_own_that_nobody_else_can_read",
    ),
    Bug(
        wrong="A list of rejects in the inbox replaces the whole file by its few rows.",
        file="validation/rejects.py",
        old="    return _LINE in words and not words.isdisjoint(_BESIDE)\n",
        new="    return words <= {*ADDED}\n",
        test="validation/test_recognition.py::test_a_list_of_rejects_that_comes_back_is_told_as_what_it_is",
    ),
    Bug(
        wrong="Rows that the remote refused stand in no list, and nobody mends them.",
        file="unlisted.py",
        old="        if file.path in with_refused or ",
        new="        if ",
        test="cli/test_resubmit_additions.py::test_rows_that_the_remote_refused_are_mended_in_the_same_list[0]",
    ),
    Bug(
        wrong="A refused row that nobody sent back goes again with those that somebody did.",
        file="validation/mends.py",
        old="        if line not in self._rows:\n",
        new="        if line not in self._rows and not self._is_again:\n            return None\n"
        "        if line not in self._rows:\n",
        test="cli/test_resubmit_additions.py::test_rows_that_the_remote_refused_are_mended_in_the_same_list[0]",
    ),
    Bug(
        wrong="A row that the remote refused counts as one that it has.",
        file="model/job.py",
        old="        return self.gaps | self.refused",
        new="        return self.gaps",
        test="cli/test_resubmit_additions.py::"
        "test_a_row_that_the_remote_refused_may_be_sent_as_it_is_once_its_reason_is_gone",
    ),
    Bug(
        wrong="Without the list of its mended rows a file is sent whole once more where the remote adds.",
        file="edges/mended.py",
        old="        if kept is None and not taken:",
        new="        if kept is None:",
        test="cli/test_resubmit_additions.py::test_without_its_mended_rows_no_row_goes_twice",
    ),
    Bug(
        wrong="A mended row that the remote refuses once more is in no list, and never sent.",
        file="validation/mends.py",
        old="        elif self._is_again:",
        new="        elif self._is_again and line < 0:",
        test="cli/test_resubmit_additions.py::test_a_mended_row_that_the_remote_refuses_again_stands_in_its_list_again",
    ),
    Bug(
        wrong="A list that is made anew is written over what somebody wrote into it.",
        file="edges/edits.py",
        old="            self._set_aside(path, there, _OF_ANOTHER if is_stray else _EDITED)\n",
        new="            pass\n",
        test="cli/test_edited_lists.py"
        "::test_a_list_that_was_edited_is_kept_when_its_file_changes_and_the_place_is_told",
    ),
    Bug(
        wrong="A list is taken away although somebody works on it, and would be as it was.",
        file="edges/edits.py",
        old="            if known and known[0] == new:",
        new="            if not known:",
        test="cli/test_edited_lists.py"
        "::test_what_is_written_into_a_list_while_the_remote_is_down_is_there_to_be_resubmitted",
    ),
    Bug(
        wrong="Every list that was resubmitted is set aside as if nobody had taken it in.",
        file="resubmission.py",
        old="                await anyio.to_thread.run_sync(self.rejects.taken_in, one.path)\n",
        new="",
        test="cli/test_edited_lists.py"
        "::test_what_is_written_into_a_list_while_the_remote_is_down_is_there_to_be_resubmitted",
    ),
    Bug(
        wrong="A list that a killed run wrote counts as one that a person wrote into.",
        file="edges/edits.py",
        old='            self.expect(path, new or Digest(""), source)\n',
        new="            pass\n",
        test="edges/test_edits.py::test_one_that_was_killed_before_it_noted_what_it_wrote_left_no_edited_list",
    ),
    Bug(
        wrong="What a list points to is copied for whoever reads the output folder.",
        file="edges/edits.py",
        old="_BESIDE = os.O_NOFOLLOW | os.O_NONBLOCK",
        new="_BESIDE = os.O_NONBLOCK",
        test="cli/test_edited_lists.py::test_what_a_list_points_to_is_neither_written_to_nor_copied",
    ),
    Bug(
        wrong="Rows that are sent back a second time, as they are, count as known.",
        file="resubmission.py",
        old="        rows = listed = replace(listed, after=versions[-1].version if versions else 0)\n",
        new="        rows = listed\n",
        test="cli/test_resubmit_again.py::test_a_row_that_is_refused_twice_goes_each_time_it_is_sent_back[250]",
    ),
    Bug(
        wrong="A right row is held back by one that nobody sent back, where a bad row rejects its file.",
        file="validation/sieve.py",
        old="            self._back += back is not None\n",
        new="",
        test="cli/test_given_up.py"
        "::test_what_nobody_sent_back_does_not_hold_a_right_row_where_a_bad_one_rejects_its_file",
    ),
    Bug(
        wrong="Bytes that the remote has are sent again because a version in between was rejected.",
        file="intake.py",
        old="    return version.state is not State.REJECTED\n",
        new="    return True\n",
        test="cli/test_changed_back.py::test_the_sessions_of_tao_are_not_imported_twice",
    ),
    Bug(
        wrong="Refused rows of a run that was killed before it had listed them are in no list.",
        file="unlisted.py",
        old="    if trip.end is Ending.SKIPPED and not trip.restored:",
        new="    if trip.end is Ending.UNSENT:",
        test="crash/test_mended.py::"
        "test_refused_rows_of_a_run_that_was_killed_then_are_listed_by_the_next_and_by_no_other",
    ),
    Bug(
        wrong="A part whose rows were all refused, and are sent back, counts as one that the remote has.",
        file="partition.py",
        old=" and not comes_back:",
        new=":",
        test="cli/test_resubmit_again.py::test_a_row_that_is_refused_twice_goes_each_time_it_is_sent_back[1]",
    ),
    Bug(
        wrong="A row that somebody took out of the list is sent with the others.",
        file="validation/mends.py",
        old="        return Rule.REFUSED if is_refused else Rule.KEPT_BACK",
        new="        return Rule.REFUSED if is_refused else None",
        test="cli/test_resubmit_again.py::test_a_row_that_was_taken_out_of_the_list_is_not_sent_though_it_is_right_by_now",
    ),
    Bug(
        wrong="A list that is made anew lacks what was kept back when its file was sent, if it is right by now.",
        file="edges/inbox.py",
        old="self._judge_whole(reading, listing=True)",
        new="self._judge_whole(reading)",
        test="cli/test_resubmit_again.py::test_where_a_new_version_replaces_the_one_before_it_is_the_same",
    ),
    Bug(
        wrong="A rejected file whose list was lost is not judged again, and has none.",
        file="resubmission.py",
        old="        return {file.path} if job.state is State.REJECTED else set()",
        new="        return {file.path} if job.state is not State.REJECTED else set()",
        test="cli/test_resubmit_again.py::"
        "test_rows_that_were_kept_back_for_the_sake_of_other_files_are_in_a_list_that_is_made_anew[reject_file]",
    ),
    Bug(
        wrong="A line that the file has not is said to hold a row that was accepted.",
        file="lineage.py",
        old="    if not SourceLines(",
        new="    if line < 0 and not SourceLines(",
        test="cli/test_resubmit_again.py::test_a_line_on_which_its_file_has_no_row_is_told_as_that[99]",
    ),
    Bug(
        wrong="The short cut takes a row that is longer than any may be.",
        file="validation/judge.py",
        old="        fast = self._fast and len(text) <= RECORD_LIMIT  # else",
        new="        fast = self._fast  # else",
        test="validation/test_limits.py::test_a_row_that_is_right_but_for_its_length_is_refused_on_every_way",
    ),
    Bug(
        wrong="A row that was not sent because it repeats one is in no list when the remote refuses that one.",
        file="validation/sieve.py",
        old="self._rules.look(record, keys)\n",
        new="self._rules.look(record, self._rules.keys() if back else keys)\n",
        test="cli/test_resubmit_additions.py::test_a_row_that_repeats_one_that_the_remote_refused_stays_in_the_list",
    ),
    Bug(
        wrong="The list of a version that was never sent stays when the file is again what was sent.",
        file="unlisted.py",
        old="    return bool(sheet.bad or sheet.refused or rejects.has(path)) and",
        new="    return False and",
        test="cli/test_lists_of_other_versions.py::"
        "test_a_file_that_is_again_what_was_sent_has_the_list_of_that[more of them]",
    ),
    Bug(
        wrong="Rows that were mended for one version of a file are put into another, in the places of other rows.",
        file="resubmission.py",
        old="        if not self.rejects.is_of(path, content):",
        new="        if False:",
        test="cli/test_lists_of_other_versions.py::test_a_list_of_another_version_is_not_taken_in",
    ),
    Bug(
        wrong="Of a row that a quote made of several the lines that nobody gives a row for are lost unsaid.",
        file="validation/placing.py",
        old="            if lost:\n",
        new="            if lost and first < 0:\n",
        test="cli/test_resubmit_places.py::"
        "test_a_line_that_was_left_behind_is_told_when_the_first_one_is_mended_after_the_others",
    ),
    Bug(
        wrong="Refused rows that somebody gave up are sent once more, for their list comes back after it was deleted.",
        file="edges/rejects.py",
        old="            return noted\n",
        new="            return 0.0\n",
        test="cli/test_given_up.py::test_rows_that_the_remote_refused_are_given_up_when_their_list_is_deleted",
    ),
    Bug(
        wrong="A row that the mapping leaves out holds back all others of its list.",
        file="validation/mended.py",
        old="            if verdict.fault and not is_left_out:",
        new="            if verdict.fault:",
        test="cli/test_given_up.py::test_a_row_that_the_mapping_leaves_out_leaves_the_list_with_those_that_go",
    ),
    Bug(
        wrong="Where each version holds new rows only, the list of one is written over by that of the next.",
        file="edges/edits.py",
        old="        elif there is not None and is_stray:",
        new="        elif there is None and is_stray:",
        test="cli/test_increments.py::test_the_list_of_a_version_is_kept_when_the_next_one_comes",
    ),
    Bug(
        wrong="A version that was not sent goes without a word where the next one does not hold its rows.",
        file="predecessors.py",
        old='return _NOWHERE if self.increments else ""',
        new='return ""',
        test="cli/test_increments.py::test_so_is_a_version_that_was_not_sent_at_all",
    ),
    Bug(
        wrong="Mended rows of a file that grew in parts are taken for a copy of what is at the remote.",
        file="predecessors.py",
        old="        if known:",
        new="        if not known:",
        test="cli/test_resubmit_additions.py::test_of_a_file_that_grew_in_parts_the_mended_row_goes_alone",
    ),
    Bug(
        wrong="Rows of which a person gave up the upload go again with the rest of their list.",
        file="resubmission.py",
        old="            earlier = earlier.on(unsent)\n",
        new="            pass\n",
        test="cli/test_resubmit_additions.py::test_what_a_person_abandoned_does_not_go_again_with_the_rest_of_its_list",
    ),
    Bug(
        wrong="A file that was abandoned whole goes whole with the mended rows of its list.",
        file="resubmission.py",
        old="if self.mended.adds and job.is_abandoned and not versions:",
        new="if self.mended.adds and job.is_abandoned and None:",
        test="cli/test_resubmit_additions.py"
        "::test_the_rows_of_a_file_that_was_abandoned_whole_do_not_go_with_its_mended_ones",
    ),
    Bug(
        wrong="Mended rows of a resubmit that was killed at once are forgotten with the next version.",
        file="edges/mended.py",
        old="            if _digest_of([other.read_bytes()]) not in known:",
        new="            if _digest_of([other.read_bytes()]) in known:",
        test="cli/test_increments.py"
        "::test_mended_rows_of_a_resubmit_that_was_killed_at_once_are_told_by_the_next_version",
    ),
)
