"""Which kind of file it is, and which columns it has in which order: its header says so."""

from __future__ import annotations

import pytest

from orchestrator.config.schemas import load_schemas
from orchestrator.validation import Dialect, Judge, Rule, Rules, read_mapping, read_schema, reject_header
from orchestrator.validation.rejects import ADDED
from validation.kinds import FILES, KINDS
from validation.samples import HEADER, PLATFORM_DATA, ROW, Judged, judge, judge_in, judge_with, lines

TAO = load_schemas(["tao"])


def fault_of(*rows: str) -> tuple[str, int, str]:
    judge = Judge(*TAO)
    judge.feed(lines(*rows).encode())
    judge.close()
    fault = judge.verdict.fault
    assert fault is not None
    assert fault.rule is Rule.HEADER
    assert judge.verdict.schema == ""
    return fault.message, fault.column, fault.name


@pytest.mark.parametrize("kind", [name for name in FILES if name.startswith("tao.")])
def test_the_columns_of_a_file_tell_what_it_is(kind: str) -> None:
    judge = Judge(*TAO)
    text = judge.feed(lines(*FILES[kind]).encode()) + judge.close()

    assert (judge.verdict.schema, judge.verdict.fault) == (kind, None)
    assert text.split("\r\n")[0] == FILES[kind][0]


def test_of_several_kinds_that_fit_it_is_the_one_that_misses_the_fewest_columns() -> None:
    judge = Judge(*TAO)
    judge.feed(lines("user_username,group_name,group_role", "zoe,Nord,GRADER").encode())
    judge.close()

    assert judge.verdict.schema == "tao.links.existing_user"


def test_the_order_of_the_columns_is_that_of_the_file() -> None:
    judged = judge(lines("user_email,user_username", "z@x.org,zoe", "a@x.org,"), KINDS["tao.users"])

    assert judged.text == "user_email,user_username\r\nz@x.org,zoe"
    assert judged.found == [(Rule.REQUIRED, 3, 2)]
    assert judged.bad[0].problems[0].name == "user_username"


@pytest.mark.parametrize(
    ("header", "told", "column"),
    [
        ("user_username,user_emial", '"user_emial"', 2),
        ("user_username,USER_EMAIL", "did you mean user_email?", 2),
        ("user_username,user_name,user_name", "user_name is there twice: keep one of them", 3),
        ("user_name,user_email", "user_username is missing: add the column", 3),
        ("user_username,,user_name", "column 2 has no name", 2),
        ("group_name,hierarchy_organizationName", "nearest to tao.groups, but hierarchy_organizationName is no col", 2),
        ("user_username,user_metadata_", "user_metadata_ is no column of tao.users", 2),
        (f"user_username,{'x' * 300}", "column 2 has a name of 300 characters: shorten it", 2),
        ("session_deliveryId,group_name", "session_name is missing", 3),
    ],
)
def test_a_header_that_fits_none_is_told_with_the_kind_that_came_nearest(header: str, told: str, column: int) -> None:
    message, at, name = fault_of(header, "a,b,c")

    assert told.strip('"') in message
    assert message.startswith("nearest to tao.")
    assert at == column
    assert name or column == 2


def test_many_faults_of_a_header_are_told_together_and_counted() -> None:
    message, column, _ = fault_of("user_username,a,b,c,d,e")

    assert "a is no column" in message
    assert message.endswith("; and 2 more")
    assert column == 2


def test_of_many_strange_columns_the_nearest_names_are_looked_for_only_as_far_as_they_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_for: list[str] = []
    monkeypatch.setattr("orchestrator.validation.header.correction", lambda cell, names: looked_for.append(cell) or "")

    fault_of("user_username," + ",".join(f"c{number}" for number in range(900)))

    assert 3 <= len(looked_for) <= 3 * len(TAO)


@pytest.mark.parametrize("kind", ["platform.data", "platform.events", "tao.users", "endgrate.records"])
def test_a_list_of_rejects_that_comes_back_is_told_as_what_it_is(kind: str) -> None:
    names = FILES[kind][0].split(",")
    for header in (reject_header(names), [*names, "_line", "_raw"]):
        judged = judge(lines(",".join(header), ",".join(["x"] * len(header))), KINDS[kind])

        assert judged.found == [(Rule.HEADER, 1, len(names) + 1)]
        assert judged.verdict.fault is not None
        assert judged.verdict.fault.message.startswith("a list of rejects, not a file to send: it would take the place")
        assert judged.verdict.fault.message.endswith("run orchestrator resubmit")


def as_list(header: list[str], delimiter: str = ",", quote: str = "") -> str:
    return lines(*[delimiter.join(f"{quote}{cell}{quote}" for cell in row) for row in (header, ["x"] * len(header))])


@pytest.mark.parametrize("kind", ["platform.data", "platform.events", "tao.users", "endgrate.records"])
def test_a_list_of_rejects_is_told_without_all_of_its_columns_and_in_any_order(kind: str) -> None:
    names = FILES[kind][0].split(",")
    moved = [
        [*names, *ADDED[:4]],
        [*names, "_message", "_line"],
        ["_line", *names, "_raw"],
        [*names, *ADDED, "notes"],
        [names[0], "_rule", *names[1:], "_line"],
    ]
    for header in moved:
        added = min(number for number, name in enumerate(header, 1) if name in ADDED)

        assert told_as_list(judge(as_list(header), KINDS[kind])) == added
        assert told_as_list(judge(as_list(header, quote='"'), KINDS[kind])) == added


@pytest.mark.parametrize(("parts", "set_to"), [(",", ";"), (",", "\t"), (";", ","), ("\t", ","), (";", ";")])
def test_a_list_of_rejects_is_told_whatever_parts_its_cells(parts: str, set_to: str) -> None:
    alone = read_schema({"fields": [{"name": "note"}], "header": "optional"}, "notes")
    for schema in (PLATFORM_DATA, KINDS["endgrate.records"], alone):
        for quote in ("", '"'):
            source = as_list(reject_header(schema.names), parts, quote)

            judged = judge_in([source.encode()], schema, dialect=Dialect(delimiter=set_to))

            assert told_as_list(judged) in (1, len(schema.names) + 1)


def test_a_list_of_rejects_is_told_where_a_mapping_would_make_rows_of_it() -> None:
    mapping = read_mapping({"columns": [{"to": "Reference", "from": "tail"}]}, "tails")
    only = read_schema({"fields": [{"name": "Reference"}]}, "only")
    for delimiter in (",", ";"):
        rules = Rules(schemas=(only,), mapping=mapping, dialect=Dialect(delimiter=delimiter))

        assert told_as_list(judge_with(rules, [as_list(["tail", *ADDED[:4]]).encode()]))


@pytest.mark.parametrize("header", [["id", "_line"], ["_line", "rule"], ["_raw", "_message"], ["id", "_line_", "_raw"]])
def test_a_column_that_is_called_like_one_of_a_list_makes_no_list(header: list[str]) -> None:
    judged = judge(as_list(header), KINDS["endgrate.records"])

    assert (judged.verdict.fault, judged.verdict.rows) == (None, 1)


def told_as_list(judged: Judged) -> int:
    """The column that it is told at."""
    fault = judged.verdict.fault
    assert fault is not None
    assert (judged.text, judged.bad, fault.rule, fault.line) == ("", (), Rule.HEADER, 1)
    assert fault.message.startswith("a list of rejects, not a file to send")
    assert fault.message.endswith("run orchestrator resubmit")
    return fault.column


def test_a_first_line_without_any_name_is_told_without_what_it_holds() -> None:
    message, column, name = fault_of("zoe,Secret-12,z@x.org", "al,Secret-34,a@x.org")

    assert "zoe" not in message + name
    assert "Secret" not in message
    assert message.startswith("the first line has no column of tao.groups, tao.links.existing_user,")
    assert column == 1


def test_a_strange_name_in_a_header_cannot_write_over_a_terminal() -> None:
    message, _, name = fault_of("user_username,a\x1b[2Jb")

    assert (message + name).isprintable()


@pytest.mark.parametrize(
    ("match", "header", "fits"),
    [
        ("equal", "b,a", True),
        ("equal", "a", False),
        ("equal", "a,b,c", False),
        ("subset", "c,b,a", True),
        ("subset", "a,c", False),
        ("superset", "a", True),
        ("superset", "b", False),
        ("superset", "a,c", False),
        ("partial", "c,a", True),
        ("partial", "b,c", False),
    ],
)
def test_how_the_columns_of_a_file_may_stand_to_those_of_the_schema(match: str, header: str, fits: bool) -> None:
    schema = read_schema(
        {"fieldsMatch": match, "fields": [{"name": "a", "constraints": {"required": True}}, {"name": "b"}]}, "ab"
    )

    judged = judge(lines(header, *[header.replace("a", "x").replace("b", "y")]), schema)

    assert (judged.verdict.fault is None) == fits


def test_where_any_column_passes_names_may_need_quotes_and_stand_as_they_are() -> None:
    source = lines('id,"first, last","a ""b"""', "1,x,y")

    judged = judge(source, KINDS["endgrate.records"])

    assert judged.text == source.removesuffix("\r\n")
    assert judged.verdict.schema == "endgrate.records"


@pytest.mark.parametrize(
    ("header", "rule"),
    [("id,a\rb", Rule.CARRIAGE_RETURN), ('id,"a"b', Rule.QUOTE), ("id,id", Rule.HEADER), ("id,", Rule.HEADER)],
)
def test_where_any_column_passes_it_still_has_a_name_of_its_own(header: str, rule: Rule) -> None:
    assert judge(lines(header, "1,2"), KINDS["endgrate.records"]).found == [(rule, 1, 2)]


@pytest.mark.parametrize(
    ("header", "column", "name"),
    [("a.b,c,a", 3, "a"), ("x.0.b,x.1.b,x.c", 3, "x.c"), ("a,b.1,b.01", 3, "b.01")],
)
def test_columns_that_make_no_record_are_a_fault_where_the_remote_gets_records(
    header: str, column: int, name: str
) -> None:
    (records,) = load_schemas(["endgrate.records"], nests=True)
    judged = judge(lines(header, "1,2,3"), records)

    assert judged.found == [(Rule.HEADER, 1, column)]
    assert judged.verdict.fault is not None
    assert judged.verdict.fault.name == name
    assert judge(lines(header, "1,2,3"), KINDS["endgrate.records"]).found == []


@pytest.mark.parametrize("kind", ["platform.data", "tao.users", "endgrate.records"])
@pytest.mark.parametrize(
    ("first", "sign"), [("name;ref;id", '";"'), ("N1\t2\t3", "a tab"), ("user_username|a;b|c", '"|"')]
)
def test_a_first_line_whose_cells_another_sign_parts_is_a_fault_and_no_row(kind: str, first: str, sign: str) -> None:
    judged = judge(lines(first, "1;2;3"), KINDS[kind])

    assert judged.found == [(Rule.HEADER, 1, 1)]
    assert (judged.verdict.rows, judged.verdict.bad) == (0, 0)
    assert judged.verdict.fault is not None
    assert f"a single cell with {sign} in it" in judged.verdict.fault.message
    assert "orchestrator inspect FILE" in judged.verdict.fault.message


def test_a_single_cell_in_quotes_and_a_row_of_a_single_column_may_have_any_sign() -> None:
    alone = read_schema({"fields": [{"name": "note"}], "header": "optional"}, "notes")

    assert judge(lines('"name;ref"', "1;2"), KINDS["endgrate.records"]).found == []
    assert judge(lines("one; or another", "two"), alone).verdict.rows == 2


def test_a_header_of_more_columns_than_a_row_may_have_is_none() -> None:
    header = ",".join(f"c{number}" for number in range(1001))

    assert judge(lines(header, header), KINDS["endgrate.records"]).found == [(Rule.HEADER, 1, 1)]


def test_a_file_without_a_header_is_of_the_kind_that_needs_none() -> None:
    judge = Judge(*TAO, KINDS["platform.data"])
    text = judge.feed(lines(ROW).encode()) + judge.close()

    assert (judge.verdict.schema, judge.verdict.header, text) == ("platform.data", False, f"{HEADER}\r\n{ROW}")


def test_one_kind_with_a_fixed_order_among_several_is_told_by_its_place() -> None:
    judge = Judge(KINDS["platform.data"], KINDS["tao.users"])
    judge.feed(lines("Reference,StartTime,StartDate,EndDate,EndTime", ROW).encode())
    judge.close()

    assert judge.verdict.fault is not None
    assert judge.verdict.fault.message.startswith("nearest to platform.data, but the header must have StartDate here")


@pytest.mark.parametrize("first", ["Ref,To,ToT,From,FromT", "réf,du,,au,", "a,b,c,d,e"])
def test_a_first_line_of_foreign_names_is_a_fault_and_no_bad_row_above_columns_in_an_order_of_their_own(
    first: str,
) -> None:
    verdict = judge(lines(first, "N1,02/07/2024,17:00,01/07/2024,09:00")).verdict

    assert verdict.fault is not None
    assert (verdict.fault.rule, verdict.fault.line, verdict.fault.column) == (Rule.HEADER, 1, 1)
    assert "StartDate, StartTime, EndDate, EndTime" in verdict.fault.message
    assert not any(cell in verdict.fault.message for cell in ("FromT", "réf"))


@pytest.mark.parametrize("first", ["N1,31/02/2024,25:00,?,?", "N1,?,,,", "N1,a,b,c"])
def test_a_first_row_that_may_be_a_bad_one_is_a_bad_row(first: str) -> None:
    judged = judge(lines(first, ROW))

    assert (judged.verdict.fault, judged.verdict.bad) == (None, 1)


@pytest.mark.parametrize("cell", [" Reference ", "\u200bReference", "\u00a0Reference", "REFERENCE"])
def test_a_name_that_only_looks_right_is_told_as_such(cell: str) -> None:
    judged = judge(lines(HEADER.replace("Reference", cell, 1), ROW))

    assert judged.verdict.fault is not None
    assert judged.verdict.fault.message == (
        "the header must have Reference here, without blanks, signs that nobody sees, or other case"
    )
