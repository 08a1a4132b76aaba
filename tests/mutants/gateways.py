"""Bugs by which the word of somebody on the way counts as the remote's own."""

from __future__ import annotations

from .bug import Bug

GATEWAYS = (
    Bug(
        wrong="A 401 of some gateway sends an upload out a second time, which the remote may have taken.",
        file="edges/oauth.py",
        old="        if not took_nothing(answer):\n            return answer\n",
        new="",
        test="targets/test_upload_answers.py::"
        "test_an_upload_is_repeated_with_a_new_token_only_where_the_remote_itself_says_that_the_old_one_is_spent",
    ),
    Bug(
        wrong="An upload of sessions goes out a second time after a page that says 401.",
        file="targets/tao/target.py",
        old="self._may_go, denies)",
        new="self._may_go)",
        test="targets/tao/test_refusals.py::"
        "test_a_401_that_is_a_page_is_no_token_that_is_spent_for_the_rows_may_have_been_taken",
    ),
    Bug(
        wrong="A 400 of some gateway counts as the remote's no to a result, which is then missing for ever.",
        file="targets/platform/answers.py",
        old='    elif status == 400 and key != "status" and refuses(answer):',
        new='    elif status == 400 and key != "status":',
        test="targets/test_reading.py::test_a_result_is_refused_by_the_remote_s_own_word_alone",
    ),
    Bug(
        wrong="A page that is called text is kept as a result.",
        file="targets/taken.py",
        old=" or begins_as_page(answer.body)",
        new="",
        test="targets/test_reading.py::test_a_page_is_no_answer",
    ),
    Bug(
        wrong="A gateway that has lost its way is taken for the remote's word that it knows no such job.",
        file="targets/platform/answers.py",
        old="    elif status == 404 and not is_page(answer):\n",
        new="    elif status == 404:\n",
        test="faults/test_matrix.py::test_a_fault_leads_to_what_the_rules_say",
    ),
    Bug(
        wrong="An error in JSON that comes for a result is kept as one, and every row counts as accepted.",
        file="targets/tao/rows.py",
        old="        return silent if _is_table(header) else None\n",
        new="        return silent\n",
        test="targets/tao/test_rows.py::test_what_is_no_table_is_no_result",
    ),
    Bug(
        wrong="Rows of which the results do not tell count as accepted.",
        file="objections.py",
        old="        unknown=sent - refused,\n",
        new="",
        test="cli/test_imports.py::test_rows_of_which_the_results_do_not_tell_are_not_said_to_be_accepted",
    ),
)
