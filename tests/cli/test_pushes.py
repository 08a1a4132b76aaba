"""Records to Endgrate, end to end: with a key of our own no record is there twice, without one a person decides."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from targets.endgrate.remote import BEGUN, counts, error, page, statistics
from targets.wire import Request, as_json, scripted

from cli.leaks import forms, leaks, said, stored, stored_without_results
from cli.ledger import ask
from cli.mending import lines_in
from cli.pushes import TYPE, Pushing, people, pushing
from cli.stage import held
from orchestrator.sandbox import Fault

FILES = {"a.csv": people(1, 3), "b.csv": people(11, 2)}
ONCE = Counter(map(str, (1, 2, 3, 11, 12)))
LOST = ("drop_after", "reset_after", "error_after", "truncated", "html_after", "empty")
"""The transfer was begun, and nobody has told us its id."""

for_either = pytest.mark.parametrize("key", ["id", ""], ids=["keyed", "unkeyed"])


@for_either
async def test_every_row_becomes_a_record_and_what_the_remote_says_lies_in_the_results(
    tmp_path: Path, key: str
) -> None:
    async with pushing(tmp_path, FILES, key=key) as stage:
        outcome = await stage.run()

        assert outcome.code == 0
        assert outcome.ends == {"found": 2, "done": 2}
        assert stage.standing == ONCE
        stored = stage.remote.provider.records[TYPE].values()
        assert all(record.data["address"] == {"city": "Riga"} for record in stored)
        assert {record.internal_id for record in stored} == (set(ONCE) if key else {None})
        place = stage.results("a")
        assert sorted(file.name for file in place.iterdir()) == ["data.jsonl", "errors.jsonl", "statistics.json"]
        data = [json.loads(line)["data"]["id"] for line in (place / "data.jsonl").read_text().splitlines()]
        assert data == ["1", "2", "3"]
        assert (place / "errors.jsonl").read_bytes() == b""

        again = await stage.run()

        assert again.ends == {"found": 2, "skipped": 2}
        assert len(stage.pushes) == 2


@pytest.mark.parametrize("kind", LOST)
async def test_after_a_lost_answer_records_with_a_key_are_sent_again_and_none_is_there_twice(
    tmp_path: Path, kind: str
) -> None:
    async with pushing(tmp_path, FILES, Fault(endpoint="upload", kind=kind), key="id") as stage:
        outcome = await stage.run()

        assert outcome.code == 0
        assert outcome.ends == {"found": 2, "done": 2}
        assert stage.standing == ONCE
        assert len(stage.pushes) == 3


@pytest.mark.parametrize("kind", LOST)
async def test_after_a_lost_answer_records_without_a_key_are_left_to_a_person(tmp_path: Path, kind: str) -> None:
    async with pushing(tmp_path, FILES, Fault(endpoint="upload", kind=kind)) as stage:
        outcome = await stage.run()
        again = await stage.run()

        assert (outcome.code, again.code) == (4, 4)
        assert outcome.ends == {"found": 2, "done": 1, "in_doubt": 1}
        assert stage.standing == ONCE
        assert len(stage.pushes) == 2


@for_either
async def test_killed_before_it_arrived_the_next_run_repeats_what_has_a_key_and_nothing_else(
    tmp_path: Path, key: str
) -> None:
    async with pushing(tmp_path, {"a.csv": people(1, 3)}, held("upload"), key=key) as stage:
        async with stage.start("run") as program:
            await stage.remote.until_held()
            program.kill()
            await program.wait()
        stage.remote.release()
        await stage.until(lambda: stage.standing)
        outcome = await stage.run()

        assert outcome.code == (0 if key else 4)
        assert stage.states == {"a.csv": "done" if key else "in_doubt"}
        assert stage.standing == Counter("123")
        assert len(stage.pushes) == (2 if key else 1)


@pytest.mark.parametrize(("before", "after"), [("", "id"), ("id", ""), ("id", "name")])
async def test_a_key_that_came_went_or_changed_since_it_was_sent_is_no_key_of_what_was_sent(
    tmp_path: Path, before: str, after: str
) -> None:
    async with pushing(tmp_path, {"a.csv": people(1, 3)}, held("upload", "hold_after"), key=before) as stage:
        async with stage.start("run") as program:
            await stage.remote.until_held()
            program.kill()
            await program.wait()
        stage.remote.release()
        outcome = await stage.run(target__key=after)

        assert outcome.code == 4
        assert stage.states == {"a.csv": "in_doubt"}
        assert stage.standing == Counter("123")


async def test_rows_that_the_remote_refuses_are_told_with_the_lines_that_they_came_from(tmp_path: Path) -> None:
    files = {"a.csv": people(1, 3) + "\r\n\r\n" + people(4, 2).partition("\r\n")[2]}
    async with pushing(tmp_path, files, key="id", batch=2, failing=2, page=1) as stage:
        outcome = await stage.run()

        assert outcome.code == 3
        assert outcome.summary["rows"]["data"]["refused"] == 2
        assert stage.standing == Counter("125")
        with (stage.results("a") / "objections.csv").open(newline="") as file:
            told = [(row["row"], row["line"]) for row in csv.DictReader(file)]
        assert told == [("3", "a.csv:4"), ("4", "a.csv:6")]


@pytest.mark.parametrize("later", [False, True], ids=["at once", "in the next run"])
async def test_an_error_that_tells_only_the_key_of_a_record_is_joined_to_the_line_of_that_key(
    tmp_path: Path, later: bool
) -> None:
    """Also by a run that did not send it."""
    told = [error(internal_id="2"), error(internal_id="stranger"), error(internal_id=3), error(2, internal_id="3")]
    at_work = [later]

    def reply(request: Request) -> bytes:
        match request.target.partition("?")[0]:
            case "/api/push/transfer":
                return BEGUN
            case "/api/statistics" if at_work[0]:
                return as_json({"success": False, "message": "Transfer not yet completed."}, 400)
            case "/api/statistics":
                return as_json(statistics(counts(4, 1)))
            case "/api/errors":
                return page("errors", *told)
            case _:
                return page("transfer_data", {"id": "a", "data": {}})

    files = {"a.csv": people(1, 3) + "\r\n\r\n" + people(4, 1).partition("\r\n")[2]}
    async with pushing(tmp_path, files, key="id") as stage, scripted(reply) as server:
        if later:
            assert (await stage.run(target__base_url=server.url, polling__deadline=0.1)).code == 5
            at_work[0] = False
        outcome = await stage.run(target__base_url=server.url)

        assert outcome.code == 3
        assert stage.jobs["a.csv"].state == "done"
        assert "refuses 3 rows" in stage.jobs["a.csv"].cause
        assert lines_in(stage.out / "rejects" / "a.csv") == [3, 4]
        with (stage.results("a") / "objections.csv").open(newline="") as file:
            lines = [(row["row"], row["line"]) for row in csv.DictReader(file)]
        assert lines == [("2", "a.csv:3"), ("", "which row is not known"), ("3", "a.csv:4"), ("3", "a.csv:4")]


@asynccontextmanager
async def judging(root: Path, key: str, told: dict[str, Any], *errors: dict[str, Any]) -> AsyncIterator[Pushing]:
    """Five people, and a remote whose statistics and errors say this of them; it knows no other transfer."""

    def reply(request: Request) -> bytes:
        match request.target.partition("?")[0]:
            case "/api/push/transfer":
                return BEGUN
            case "/api/statistics":
                return as_json(statistics(told))
            case "/api/errors":
                return page("errors", *errors)
            case _:
                return page("transfer_data")

    async with pushing(root, {"a.csv": people(1, 5)}, key=key) as stage, scripted(reply) as server:
        stage.config.write_text(stage.config.read_text().replace(stage.remote.base_url, server.url))
        yield stage


@pytest.mark.parametrize("told", [counts(2, 2), counts(9, 9), counts(0, 0, batches=0)], ids=["2", "9", "0"])
@for_either
async def test_records_of_which_the_statistics_do_not_tell_are_not_said_to_be_accepted(
    tmp_path: Path, key: str, told: dict[str, Any]
) -> None:
    async with judging(tmp_path, key, told) as stage:
        outcome = await stage.run()

        assert outcome.code == 3
        assert stage.states == {"a.csv": "done"}
        book = outcome.summary["rows"]["data"]
        assert (book["sent"], book["accepted"], book["refused"], book["unknown"]) == (5, 0, 0, 5)
        assert f"tell of {told['records']} rows, and 5 were sent" in stage.jobs["a.csv"].cause


@for_either
async def test_beside_counts_that_do_not_fit_a_key_still_names_its_row_and_an_index_none(
    tmp_path: Path, key: str
) -> None:
    named = error(0, internal_id="2") if key else error(0)
    async with judging(tmp_path, key, counts(9, 8), named) as stage:
        outcome = await stage.run()

        book = outcome.summary["rows"]["data"]
        assert (outcome.code, book["accepted"], book["refused"], book["unknown"]) == (3, 0, 1, 4)
        assert lines_in(stage.out / "rejects" / "a.csv") == ([3] if key else [])


async def test_an_error_that_names_no_record_beside_one_that_does_leaves_nothing_said_to_be_accepted(
    tmp_path: Path,
) -> None:
    async with judging(tmp_path, "id", counts(5, 4), error(1, internal_id="2"), error()) as stage:
        outcome = await stage.run()

        book = outcome.summary["rows"]["data"]
        assert (outcome.code, book["accepted"], book["refused"], book["unknown"]) == (3, 0, 1, 4)
        assert "does not say which" in stage.jobs["a.csv"].cause
        assert lines_in(stage.out / "rejects" / "a.csv") == [3]


async def test_the_row_of_the_key_is_listed_and_not_that_of_an_index_which_says_another(tmp_path: Path) -> None:
    """Its row was accepted: it would be sent again, and the one that was refused never."""
    told = [error(4, internal_id="2"), error(4, internal_id="3")]
    async with judging(tmp_path, "id", counts(5, 3), *told) as stage:
        await stage.run()

        assert lines_in(stage.out / "rejects" / "a.csv") == [3, 4]


async def test_without_a_key_an_index_that_may_mean_two_rows_lists_none_of_them(tmp_path: Path) -> None:
    async with judging(tmp_path, "", counts(5, 4), error(2)) as stage:
        outcome = await stage.run()

        book = outcome.summary["rows"]["data"]
        assert (outcome.code, book["accepted"], book["refused"]) == (3, 4, 1)
        with (stage.results("a") / "objections.csv").open(newline="") as file:
            assert [(row["row"], row["line"]) for row in csv.DictReader(file)] == [("2", "a.csv:4 or a.csv:3")]
        assert lines_in(stage.out / "rejects" / "a.csv") == []


async def test_an_error_that_is_over_is_no_refusal(tmp_path: Path) -> None:
    async with judging(tmp_path, "id", counts(5, 5), error(1, internal_id="2", resolved=True)) as stage:
        outcome = await stage.run()

        assert (outcome.code, outcome.summary["rows"]["data"]["accepted"]) == (0, 5)


async def test_a_row_without_a_key_of_its_own_is_not_sent(tmp_path: Path) -> None:
    files = {"a.csv": people(1, 2) + "\r\n ,Bert,Riga\r\n1,Anna again,Riga"}
    async with pushing(tmp_path, files, key="id") as stage:
        refused = await stage.run()

        assert refused.code == 3
        assert stage.pushes == []
        with (stage.out / "rejects" / "a.csv").open(newline="") as file:
            told = [(row["_line"], row["_column"], row["_rule"]) for row in csv.DictReader(file)]
        assert told == [("4", "id", "required"), ("5", "id", "unique")]

        outcome = await stage.run(validation__on_bad_rows="drop_rows")

        assert outcome.code == 3
        assert stage.standing == Counter("12")


async def test_a_file_without_the_column_of_the_key_is_not_sent(tmp_path: Path) -> None:
    async with pushing(tmp_path, {"a.csv": people(1, 2)}, key="customer_no") as stage:
        outcome = await stage.run()

        assert outcome.code == 3
        assert "customer_no" in (stage.out / "rejects" / "a.csv").read_text()
        assert stage.pushes == []


async def test_a_provider_that_wants_somebody_to_sign_in_again_is_not_asked_a_second_time(tmp_path: Path) -> None:
    async with pushing(tmp_path, {"a.csv": people(1, 2)}, authenticated=False) as stage:
        outcome = await stage.run()
        again = await stage.run()

        assert (outcome.code, again.code) == (3, 3)
        assert stage.states == {"a.csv": "failed"}
        assert "reauthenticate page" in stage.jobs["a.csv"].cause
        assert len(stage.pushes) == 1


@pytest.mark.parametrize(
    ("setting", "code", "remedy"),
    [
        ("session_id=", 2, "orchestrator session initiate"),
        ("endgrate_type=", 2, "crm-contact"),
        ("session_id=gone", 2, "orchestrator session initiate"),
    ],
)
async def test_without_a_session_or_a_type_nothing_is_sent_and_the_remedy_is_told(
    tmp_path: Path, setting: str, code: int, remedy: str
) -> None:
    async with pushing(tmp_path, FILES) as stage:
        outcome = await stage.run("--set", f"target.{setting}")
        checked = await stage.call("check", "--set", f"target.{setting}")

        assert (outcome.code, checked.code) == (code, code)
        assert remedy in outcome.json["message"]
        assert remedy in checked.err
        assert stage.standing == Counter()


async def test_columns_that_cannot_be_one_record_are_found_before_anything_is_sent(tmp_path: Path) -> None:
    files = {**FILES, "tangled.csv": "id,address.city,address\r\n7,Riga,Long 1"}
    async with pushing(tmp_path, files) as stage:
        told = await stage.call("validate", "inbox")
        outcome = await stage.run()

        assert (told.code, outcome.code) == (3, 3)
        assert told.out.decode() == (
            "tangled.csv:1:3: header (address): the column address cannot hold a value and the field address.city, "
            "too: rename one of them\n"
        )
        assert outcome.ends == {"found": 3, "done": 2, "rejected": 1}
        assert outcome.summary["rows"]["data"]["sent"] == 5
        assert "line 1, column 3: header" in stage.jobs["tangled.csv"].cause
        assert len(stage.pushes) == 2


async def test_check_finds_everything_ready_and_says_nothing_of_what_there_is_not(tmp_path: Path) -> None:
    async with pushing(tmp_path, FILES) as stage:
        outcome = await stage.call("check", "--json")

        assert outcome.code == 0
        assert not any("identity server" in step for step in outcome.json["passed"])
        assert stage.pushes == []


async def test_neither_the_key_nor_the_session_nor_a_cell_shows_up_where_it_does_not_belong(tmp_path: Path) -> None:
    cell = "Canary Bird-4711"
    faults = (
        Fault(endpoint="upload", kind="html"),
        Fault(endpoint="poll", kind="reset_before"),
        Fault(endpoint="result", kind="truncated"),
    )
    files = {"a.csv": f"id,name\r\n1,{cell}\r\n2,{cell}\r\n3,{cell}"}
    async with pushing(tmp_path, files, *faults, key="id", batch=2, failing=2) as stage:
        outcome = await stage.run("-v", "--log-format", "json")

        assert outcome.code == 3
        spoken = said("the run", outcome)
        secrets = forms(stage.remote.api_key)
        assert leaks(spoken | stored(stage.out), secrets) == []
        assert leaks(spoken | stored_without_results(stage.out), [cell.encode()]) == []
        assert leaks(spoken | stored_without_results(stage.out), [stage.remote.session_id.encode()]) == []
        assert any(cell in str(body) for (body,) in ask(stage.out, "SELECT body FROM results"))


async def test_the_fields_of_a_record_are_called_as_the_columns_are_whichever_of_its_names_a_provider_knows(
    tmp_path: Path,
) -> None:
    """The vendor's own pages call one field `company_name` and `name`."""
    files = {"a.csv": "id,company_name,website\r\n1,Acme,https://a.example", "b.csv": "id,name\r\n2,Beta"}
    async with pushing(tmp_path, files) as stage:
        assert (await stage.run(target__endgrate_type=TYPE)).code == 0

        stored = [record.data for record in stage.remote.provider.records[TYPE].values()]
        assert sorted(stored, key=lambda record: str(record["id"])) == [
            {"id": "1", "company_name": "Acme", "website": "https://a.example"},
            {"id": "2", "name": "Beta"},
        ]
