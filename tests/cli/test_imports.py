"""Files to TAO, end to end: what it finds by keys is sent again, and what it would add again is left to a person."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from targets.tao.place import TAKEN, status
from targets.wire import Request, answer, as_json, scripted

from cli.imports import ADDITIONS, ALL_OF_IT, FILES, MEMBER, importing, sessions, table, users
from cli.leaks import bearers, forms, leaks, said, stored, stored_without_results
from cli.mending import lines_in
from cli.stage import Stage, held
from orchestrator.sandbox import PROFILES, Fault

LOST = ("drop_after", "reset_after", "error_after", "truncated", "html_after", "empty")
"""The file was taken, and nobody has told us its reference."""


async def test_files_of_every_kind_are_imported_and_what_the_remote_says_lies_in_the_results(tmp_path: Path) -> None:
    async with importing(tmp_path, FILES) as stage:
        outcome = await stage.run()

        assert outcome.code == 0
        assert outcome.ends == {"found": 7, "done": 7}
        assert stage.standing == ALL_OF_IT
        place = stage.results("users")
        assert sorted(file.name for file in place.iterdir()) == ["result.csv", "status.json"]
        assert json.loads((place / "status.json").read_bytes())["result"]["status"] == "processed"
        with (place / "result.csv").open(newline="") as file:
            assert [row["status"] for row in csv.DictReader(file)] == ["processed"] * 3

        again = await stage.run()

        assert again.ends == {"found": 7, "skipped": 7}
        assert len(stage.uploads) == 7


@pytest.mark.parametrize("kind", LOST)
async def test_after_a_lost_answer_only_what_would_be_there_twice_is_left_to_a_person(
    tmp_path: Path, kind: str
) -> None:
    struck = ("users.csv", "sessions.csv")
    faults = [Fault(endpoint="upload", kind=kind, name=name) for name in struck]  # type: ignore[arg-type]  # one of them
    async with importing(tmp_path, FILES, *faults) as stage:
        outcome = await stage.run()
        again = await stage.run()

        assert (outcome.code, again.code) == (4, 4)
        assert outcome.ends == {"found": 7, "done": 6, "in_doubt": 1}
        assert stage.states["sessions.csv"] == "in_doubt"
        assert stage.standing == ALL_OF_IT
        assert Counter(entry["name"] for entry in stage.uploads) == Counter([*FILES, "users.csv"])


async def test_killed_with_everything_in_flight_the_next_run_repeats_upserts_and_nothing_else(tmp_path: Path) -> None:
    """It arrives after the sender has died."""
    async with importing(tmp_path, FILES, *(held("upload", name=name) for name in FILES)) as stage:
        async with stage.start("run") as program:
            await stage.remote.until_held(len(FILES))
            program.kill()
            await program.wait()
        stage.remote.release()
        await stage.until(lambda: sum(entry["applied"] for entry in stage.uploads) == len(FILES))
        outcome = await stage.run()

        assert outcome.code == 4
        assert outcome.ends == {"adopted": 7, "done": 5, "in_doubt": 2}
        assert {path for path, state in stage.states.items() if state == "in_doubt"} == set(ADDITIONS)
        assert stage.standing == ALL_OF_IT


async def test_what_the_killed_run_had_not_sent_is_sent_by_the_next_whatever_it_is(tmp_path: Path) -> None:
    async with importing(tmp_path, FILES, held("upload", "hold_before", name="groups.csv")) as stage:
        async with stage.start("run", limits__uploads=1) as program:
            await stage.remote.until_held()
            program.kill()
            await program.wait()
        stage.remote.release()
        outcome = await stage.run()

        assert outcome.code == 0
        assert set(stage.states.values()) == {"done"}
        assert stage.standing == ALL_OF_IT


STORMS = [("stormy", 5), *(pytest.param("stormy", seed, marks=pytest.mark.chaos) for seed in (1, 2, 3, 4, 6, 7))]


@pytest.mark.parametrize(("profile", "seed"), [("realistic", 1), *STORMS])
async def test_in_any_weather_users_end_as_in_the_sun_and_no_session_is_there_twice(
    tmp_path: Path, profile: str, seed: int
) -> None:
    files = {f"users{number}.csv": users(10 * number, 5) for number in range(8)}
    files |= {f"sessions{number}.csv": sessions(10 * number, 5) for number in range(8)}
    async with importing(tmp_path, files, profile=PROFILES[profile], seed=seed) as stage:
        for _ in range(6):
            outcome = await stage.run(polling__deadline=20, polling__give_up=30)
            if not {"waiting", "ready", "sending"} & set(stage.states.values()):
                break

        assert set(stage.states) == set(files)
        assert outcome.code == (0 if set(stage.states.values()) == {"done"} else outcome.code)
        done = [path for path, state in stage.states.items() if state == "done"]
        standing = stage.standing
        assert set(standing["users"].values()) | set(standing["sessions"].values()) == {1}
        for path in done:
            kind, number = path[:-5], int(path[-5])
            names = [f"{kind.removesuffix('s')}{each}" for each in range(10 * number, 10 * number + 5)]
            assert set(names) <= set(standing[kind]), path
        struck = {entry["name"] for entry in stage.uploads if entry["fault"]}
        for path, line in stage.jobs.items():
            if line.state == "in_doubt":
                # One that was broken off before it was read has no name at the remote.
                assert {path, None} & struck or "never ended" in line.cause, line
        if profile == "realistic":
            assert sorted(done) == sorted(files)


async def test_a_row_that_the_remote_refuses_is_told_with_the_line_that_it_came_from(tmp_path: Path) -> None:
    """A header, blank lines, a cell of two lines, and rows of which one is not sent at all."""
    text = table(
        "user_username,user_password,user_name",
        "zoe,Secret-1,Zoe",
        "",
        ',Secret-2,"Nobody, and',
        'nowhere"',
        'al,Secret-3,"Al',
        'of two lines"',
        "",
        "bo,,Bo",
        "cy,Secret-4,Cy",
        "di,,Di",
    )
    async with importing(tmp_path, {"users.csv": text}) as stage:
        outcome = await stage.run(validation__on_bad_rows="drop_rows")

        assert outcome.code == 3
        assert stage.standing["users"] == Counter(["zoe", "al", "cy"])
        with (stage.results("users") / "objections.csv").open(newline="") as file:
            told = list(csv.DictReader(file))
        says = '400 validation.fieldError Field "user_password" is required for new user.'
        assert told == [
            {"row": "3", "line": "users.csv:9", "says": says, "column": "user_password"},
            {"row": "5", "line": "users.csv:11", "says": says, "column": "user_password"},
        ]
        book = outcome.summary["rows"]["data"]
        assert (book["read"], book["invalid"], book["accepted"], book["refused"]) == (6, 1, 3, 2)


async def test_cells_that_a_spreadsheet_would_run_are_told_of_and_arrive_to_the_letter(tmp_path: Path) -> None:
    cells = ["=HYPERLINK(A1)", "@SUM(1,2)", "-1+A1", "+49 170 1"]
    rows = [f'user{number},Secret-{number},"{cell}"' for number, cell in enumerate(cells)]
    text = table("user_username,user_password,user_name", *rows)
    async with importing(tmp_path, {"users.csv": text}) as stage:
        outcome = await stage.run()

        assert outcome.code == 0
        assert "formula in user_name (3)" in outcome.err
        assert outcome.summary["rows"]["data"]["warned"] == 3
        arrived = [user["user_name"] for name, user in stage.remote.portal.users.items() if name != MEMBER]
        assert arrived == cells
        (upload,) = stage.uploads
        assert upload["sha256"] == hashlib.sha256(text.encode()).hexdigest()


@asynccontextmanager
async def telling(
    root: Path, *results: bytes, at_work: Sequence[bool] = (False,)
) -> AsyncIterator[tuple[Stage, dict[str, Any]]]:
    """Three users, and a remote that has processed them unless it is *at_work*, which is looked at anew each time.

    Its store has one of *results* after the other.
    """
    left = list(results)

    def reply(request: Request) -> bytes:
        match request.target.partition("?")[0]:
            case "/api/v1/upload":
                return TAKEN
            case path if path.startswith("/api/v1/status/"):
                return status("processing" if at_work[0] else "processed")
            case path if path.startswith("/api/v1/download/"):
                return as_json({"signedUrl": f"{server.url}/store/x.csv"})
            case _:
                return left.pop(0) if len(left) > 1 else left[0]

    async with importing(root, {"users.csv": users(1, 3)}) as stage, scripted(reply) as server:
        yield stage, {"target__base_url": server.url, "target__token_path": "/connect/token"}


def rows_that_say(*told: str) -> bytes:
    return answer(200, table("user_username,status", *told), kind="text/csv")


@pytest.mark.parametrize("told", [["al,400"], ["zoe,processed", "al,400", "bo,processed", "cy,400"], ["al,400"] * 5])
async def test_where_the_results_tell_of_other_rows_than_were_sent_no_line_is_named(
    tmp_path: Path, told: list[str]
) -> None:
    """They may have left out those that went well: the first of them is not the first that was sent."""
    async with telling(tmp_path, rows_that_say(*told)) as (stage, where):
        outcome = await stage.run(**where)

        assert outcome.code == 3
        refused = sum("400" in line for line in told)
        book = outcome.summary["rows"]["data"]
        assert (book["refused"], book["unknown"], book["accepted"]) == (min(refused, 3), 3 - min(refused, 3), 0)
        with (stage.results("users") / "objections.csv").open(newline="") as file:
            lines = list(csv.DictReader(file))
        assert lines == [{"row": "", "line": "which row is not known", "says": "400", "column": ""}] * refused
        assert f"tell of {len(told)} rows, and 3 were sent" in stage.jobs["users.csv"].cause


REVERSED = table(
    "user_username,user_password,user_name,status,errorMessage",
    "user3,***,User 3,400,no",
    "user2,***,User 2,processed,",
    "user1,***,User 1,processed,",
)


@pytest.mark.parametrize("later", [False, True], ids=["at once", "in the next run"])
async def test_a_result_in_another_order_names_the_rows_that_it_means(tmp_path: Path, later: bool) -> None:
    """Also in a run that did not send them."""
    at_work = [later]
    async with telling(tmp_path, answer(200, REVERSED, kind="text/csv"), at_work=at_work) as (stage, where):
        if later:
            assert (await stage.run(polling__deadline=0.1, **where)).code == 5
            at_work[0] = False
        outcome = await stage.run(**where)

        assert outcome.code == 3
        assert "refuses 1 rows" in stage.jobs["users.csv"].cause
        assert lines_in(stage.out / "rejects" / "users.csv") == [4]
        with (stage.results("users") / "objections.csv").open(newline="") as file:
            assert [(row["row"], row["line"]) for row in csv.DictReader(file)] == [("3", "users.csv:4")]
        (kept,) = stage.results("users").glob("result*")
        assert kept.read_text() == REVERSED.replace("\r\n", "\n")


async def test_of_a_file_that_is_gone_no_line_is_named_that_the_result_may_not_mean(tmp_path: Path) -> None:
    at_work = [True]
    async with telling(tmp_path, answer(200, REVERSED, kind="text/csv"), at_work=at_work) as (stage, where):
        assert (await stage.run(polling__deadline=0.1, **where)).code == 5
        at_work[0] = False
        (stage.folder / "users.csv").unlink()
        outcome = await stage.run(**where)

        assert outcome.code == 3
        assert stage.states == {"users.csv": "done"}
        with (stage.results("users") / "objections.csv").open(newline="") as file:
            assert [row["line"] for row in csv.DictReader(file)] == ["which row is not known"]
        assert "the file is not there any more as it was sent" in stage.jobs["users.csv"].cause


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (rows_that_say("user1,processed"), 1),
        (rows_that_say(*["user1,processed"] * 4), 4),
        (answer(200, table("user_username,user_name", "user1,User 1"), kind="text/csv"), 0),
    ],
    ids=["fewer", "more", "no column for it"],
)
async def test_rows_of_which_the_results_do_not_tell_are_not_said_to_be_accepted(
    tmp_path: Path, result: bytes, told: int
) -> None:
    async with telling(tmp_path, result) as (stage, where):
        outcome = await stage.run(**where)

        assert outcome.code == 3
        assert stage.states == {"users.csv": "done"}
        book = outcome.summary["rows"]["data"]
        assert (book["sent"], book["accepted"], book["refused"], book["unknown"]) == (3, 0, 0, 3)
        assert f"tell of {told} rows, and 3 were sent" in stage.jobs["users.csv"].cause


@pytest.mark.parametrize(
    "error",
    [
        answer(200, '<?xml version="1.0"?><Error><Code>SlowDown</Code></Error>', kind="application/xml"),
        as_json({"error": "server_error", "message": "later"}),
    ],
    ids=["XML", "JSON"],
)
async def test_an_error_that_comes_for_a_result_is_asked_past_and_never_kept_as_one(
    tmp_path: Path, error: bytes
) -> None:
    good = rows_that_say(*(f"user{number},processed" for number in (1, 2, 3)))
    async with telling(tmp_path, error, error, good) as (stage, where):
        outcome = await stage.run(**where)

        assert outcome.code == 0
        assert stage.states == {"users.csv": "done"}
        (kept,) = stage.results("users").glob("result*")
        assert b"user3,processed" in kept.read_bytes()


async def test_a_file_that_is_larger_than_the_remote_takes_goes_in_parts_that_it_takes(tmp_path: Path) -> None:
    text = users(0, 200) + "\r\nlate,,Late"
    async with importing(tmp_path, {"users.csv": text}, max_file=1000) as stage:
        outcome = await stage.run(target__part_bytes="1kB")

        assert outcome.code == 3
        assert outcome.summary["rows"]["data"]["refused"] == 1
        assert len(stage.uploads) == len([entry for entry in stage.uploads if entry["applied"]]) > 5
        assert stage.standing["users"] == Counter(f"user{number}" for number in range(200))
        (told,) = stage.out.glob("results/**/objections.csv")
        assert "users.csv:202" in told.read_text()


async def test_a_file_that_is_too_large_after_all_has_failed_with_the_key_to_turn(tmp_path: Path) -> None:
    async with importing(tmp_path, {"users.csv": users(0, 200)}, max_file=1000) as stage:
        outcome = await stage.run()

        assert outcome.code == 3
        assert stage.states == {"users.csv": "failed"}
        assert "target.part_bytes" in stage.jobs["users.csv"].cause


async def test_where_there_is_no_status_what_was_taken_is_done_and_said_not_to_be_tracked(tmp_path: Path) -> None:
    async with importing(tmp_path, FILES, reports=False) as stage:
        outcome = await stage.run(target__status_path="", target__download_path="")

        assert outcome.code == 0
        assert outcome.ends == {"found": 7, "done": 7}
        assert {job.cause for job in stage.ledger} == {"not tracked: the remote took it, and offers no status"}
        assert stage.remote.record.of("poll") == []
        assert stage.standing == ALL_OF_IT
        rows = outcome.summary["rows"]["data"]
        assert (rows["accepted"], rows["unknown"]) == (0, rows["sent"])


@pytest.mark.parametrize("limits", [{}, {"target__part_bytes": "1kB"}], ids=["whole", "in parts"])
async def test_where_there_are_no_results_of_rows_none_is_said_to_be_accepted_and_no_night_ends_with_a_code_for_it(
    tmp_path: Path, limits: dict[str, object]
) -> None:
    async with importing(tmp_path, {"users.csv": users(0, 50) + "\r\nlate,,Late"}) as stage:
        outcome = await stage.run(target__download_path="", **limits)

        assert (outcome.code, outcome.ends) == (0, {"found": 1, "done": 1})
        rows = outcome.summary["rows"]["data"]
        assert (rows["sent"], rows["accepted"], rows["refused"], rows["unknown"]) == (51, 0, 0, 51)
        assert stage.told(outcome)["users.csv"]["cause"].startswith("not told row by row: ")
        assert stage.jobs["users.csv"].cause.startswith("not told row by row: ")
        assert outcome.summary["message"].startswith("of 51 rows nobody can tell whether the remote took them")

        again = await stage.run(target__download_path="", **limits)

        assert (again.code, again.ends) == (0, {"found": 1, "skipped": 1})
        assert "message" not in again.summary


async def test_neither_a_secret_nor_a_signed_address_nor_a_cell_shows_up_where_it_does_not_belong(
    tmp_path: Path,
) -> None:
    cell = "Canary Bird-4711"
    faults = (
        Fault(endpoint="upload", kind="html"),
        Fault(endpoint="poll", kind="reset_before"),
        Fault(endpoint="result", kind="truncated", nth=2),
        Fault(endpoint="result", kind="reset_after", nth=4),
    )
    text = table("user_username,user_password,user_name", f"zoe,Secret-1,{cell}", f"al,,{cell}", f",,{cell}")
    async with importing(tmp_path, {"users.csv": text}, *faults) as stage:
        outcome = await stage.run("-v", "--log-format", "json", validation__on_bad_rows="drop_rows")

        assert outcome.code == 3
        assert stage.remote.record.faults == Counter(html=1, reset_before=1, truncated=1, reset_after=1)
        spoken = said("the run", outcome)
        everything = spoken | stored(stage.out)
        assert leaks(everything, forms(stage.remote.client_secret, username=stage.remote.client_id)) == []
        assert bearers(everything) == []
        assert leaks(everything, [b"signature=", b"/storage/"]) == []
        assert leaks(spoken | stored_without_results(stage.out), [cell.encode()]) == []
