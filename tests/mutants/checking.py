"""Bugs in what is taken from the folder, and in what counts as right."""

from __future__ import annotations

from .bug import Bug

CHECKING = (
    Bug(
        wrong="A link in the folder is followed to a file outside.",
        file="edges/folder.py",
        old="        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK",
        new="        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK",
        test="edges/test_folder_open.py::test_a_link_anywhere_on_the_way_is_refused",
    ),
    Bug(
        wrong="A pipe that carries the name of a file is read.",
        file="edges/folder.py",
        old="        if not stat.S_ISREG(os.fstat(found).st_mode):",
        new="        if stat.S_ISSOCK(os.fstat(found).st_mode):",
        test="edges/test_folder_open.py::test_what_is_no_regular_file_is_refused_at_once",
    ),
    Bug(
        wrong="A file that was replaced after the listing is taken for the one that was listed.",
        file="edges/inbox.py",
        old="            if expected is not None and before != expected:",
        new="            if expected is not None and before.size != expected.size:",
        test="edges/test_inbox.py::test_a_file_that_was_replaced_by_one_of_the_same_size_and_time_is_moving",
    ),
    Bug(
        wrong="A file that is written to while it is read is taken.",
        file="edges/inbox.py",
        old="            if stamp_of(os.fstat(fd)) != before or (content is not None and len(content) != before.size):",
        new="            if not before:",
        test="edges/test_inbox_large.py::test_a_file_that_is_written_to_while_it_is_read_is_moving",
    ),
    Bug(
        wrong="Bytes that were never validated arrive whole.",
        file="edges/sheets.py",
        old='            raise SourceChanged("it changed while it was sent")',
        new="            pass",
        test="edges/test_inbox_large.py::test_a_file_that_changes_while_it_is_sent_is_never_sent_whole",
    ),
    Bug(
        wrong="An upload that was broken off because its file changed is taken for one that may have arrived.",
        file="targets/outgoing.py",
        old="        if self._changed:",
        new="        if not self.size:",
        test="targets/test_submit.py::test_a_file_that_changes_while_it_is_sent_never_arrives_whole",
    ),
    Bug(
        wrong="A quote that never closes swallows the rest of the file.",
        file="validation/judge.py",
        old="            self._fail(Rule.UNCLOSED_QUOTE, self._reading.cell_line, self._reading.cell)",
        new="            pass",
        test="validation/test_files.py::test_a_quote_that_never_closes_is_told_where_it_opens",
    ),
    Bug(
        wrong="24:00 counts as a time.",
        file="validation/cells.py",
        old="for hour in range(24)",
        new="for hour in range(25)",
        test="validation/test_rows.py::test_anything_else_is_no_time",
    ),
    Bug(
        wrong="30 February counts as a date where rows are proven clean at once.",
        file="validation/proof.py",
        old="(?:29|30)/(?!02)",
        new="(?:29|30)/",
        test="validation/test_proof.py::test_a_proven_date_is_a_date_and_few_dates_are_left_over",
    ),
    Bug(
        wrong="Bytes that mean nothing are replaced by question marks, and sent.",
        file="validation/decoding.py",
        old='_UTF_8("strict")',
        new='_UTF_8("replace")',
        test="validation/test_encodings.py::test_bytes_that_mean_nothing_end_the_file_where_they_stand",
    ),
    Bug(
        wrong="A file with bad rows is sent without them although that was not asked for.",
        file="edges/judged.py",
        old="        if self.sheet.bad:\n",
        new="        if self.sheet.bad and not self.sheet.rows > self.sheet.bad:\n",
        test="edges/test_inbox.py::test_one_bad_row_rejects_the_file_and_says_where_to_look",
    ),
    Bug(
        wrong="A byte order mark loses to the encoding of the configuration, and other characters are sent.",
        file="validation/decoding.py",
        old='        self._head: bytes | None = b""\n',
        new='        self._head: bytes | None = b"" if is_utf_8(encoding) else None\n',
        test="validation/test_encodings.py::test_a_byte_order_mark_wins_over_every_encoding",
    ),
    Bug(
        wrong="A folder that cannot be looked into is left out without a word.",
        file="edges/folder.py",
        old='files.append(_refused(folder, f"a folder that cannot be listed ({error.strerror}): {_MEND}"))',
        new="pass",
        test="edges/test_folder.py::test_a_folder_below_that_cannot_be_looked_into_is_refused_alone",
    ),
    Bug(
        wrong="A file is sent without the companion that came while it was waited for.",
        file="run.py",
        old="        if (now.stamp, now.events, now.events_stamp) == (file.stamp, file.events, file.events_stamp):",
        new="        if now.stamp == file.stamp:",
        test="flow/test_wiring_batch.py::test_a_pair_of_which_one_is_still_being_written_is_deferred",
    ),
)
