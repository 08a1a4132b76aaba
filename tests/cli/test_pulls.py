"""Records brought in, end to end: killed anywhere, no transfer is begun twice that would give less the second time."""

from __future__ import annotations

import csv
import json
import signal
from pathlib import Path
from typing import Any

import pytest
from targets.endgrate.remote import BEGUN, counts, error, page, statistics
from targets.wire import Request, as_json, scripted

from cli.leaks import forms, leaks, said, stored, stored_without_results
from cli.ledger import events_of
from cli.pushes import TYPE, Pushing, people, pushing
from cli.stage import held
from orchestrator.sandbox import Fault

PATH = f"pulls/{TYPE}"
LOST = ("drop_after", "reset_after", "error_after", "truncated", "html_after", "empty")

whether_new_only = pytest.mark.parametrize("sync", [False, True], ids=["all there is", "what is new"])


def place(stage: Pushing, version: int = 1) -> Path:
    return stage.out / "pulls" / TYPE / str(version)


def names(folder: Path) -> list[str]:
    """Of all files there, the hidden ones too."""
    return sorted(file.name for file in folder.iterdir()) if folder.exists() else []


def numbers(stage: Pushing, version: int = 1) -> list[int]:
    """What tells the records of the sandbox apart, as both files have it."""
    lines = (place(stage, version) / "records.jsonl").read_text().splitlines()
    found = [json.loads(line)["data"]["number"] for line in lines]
    with (place(stage, version) / "records.csv").open(newline="") as file:
        assert [int(row["number"]) for row in csv.DictReader(file)] == found
    return found


def pulls(stage: Pushing) -> list[dict[str, Any]]:
    return [entry for entry in stage.uploads if entry["direction"] == "pull"]


async def test_all_records_come_in_page_by_page_and_every_pull_has_its_own_folder(tmp_path: Path) -> None:
    async with pushing(tmp_path, {}, supply=60, page=25) as stage:
        first = await stage.call("pull", "--json")
        second = await stage.call("pull", "--json")

        assert (first.code, second.code) == (0, 0)
        assert first.json["records"] == second.json["records"] == 60
        assert numbers(stage, 1) == numbers(stage, 2) == list(range(60))
        assert names(place(stage)) == ["book.json", "records.csv", "records.jsonl"]
        book = json.loads((place(stage, 2) / "book.json").read_text())
        assert (
            book.items() >= {"endgrate_type": TYPE, "version": 2, "records": 60, "missing": 0, "left_out": {}}.items()
        )
        assert book["transfer_id"] == pulls(stage)[1]["token"]
        assert book["columns"][:2] == ["_id", "first_name"]
        assert "email_addresses.0.email_address" in book["columns"]


async def test_nothing_to_bring_in_is_no_failure(tmp_path: Path) -> None:
    async with pushing(tmp_path, {}, supply=0) as stage:
        outcome = await stage.call("pull", "--json")

        assert (outcome.code, outcome.json["records"]) == (0, 0)
        assert (place(stage) / "records.csv").read_bytes() == b""


async def test_a_field_that_comes_later_is_told_and_stands_in_the_lines(tmp_path: Path) -> None:
    async with pushing(tmp_path, {}, supply=24, page=1) as stage:
        outcome = await stage.call("pull", "--json")

        assert outcome.code == 0
        assert outcome.json["left_out"] == {"last_name": 21}, "the first record has none, nor each eleventh"
        assert "1 fields have no column in records.csv" in outcome.json["message"]
        lines = (place(stage) / "records.jsonl").read_text().splitlines()
        assert sum(json.loads(line)["data"]["last_name"] is not None for line in lines) == 21
        assert numbers(stage) == list(range(24))


@pytest.mark.parametrize("moment", ["hold_before", "hold_after"])
@whether_new_only
async def test_killed_before_the_answer_came_only_a_pull_that_does_no_harm_is_begun_again(
    tmp_path: Path, sync: bool, moment: str
) -> None:
    async with pushing(tmp_path, {}, held("upload", moment), supply=30) as stage:
        async with stage.start("pull", target__sync=sync) as program:
            await stage.remote.until_held()
            program.kill()
            await program.wait()
        stage.remote.release()
        await stage.until(lambda: pulls(stage))
        outcome = await stage.call("pull", "--json", target__sync=sync)

        assert outcome.code == (4 if sync else 0)
        assert stage.states == {PATH: "in_doubt" if sync else "done"}
        assert len(pulls(stage)) == (1 if sync else 2)
        if not sync:
            assert numbers(stage) == list(range(30))
            assert "the answer to an earlier transfer was lost" in outcome.json["message"]
            return
        token = pulls(stage)[0]["token"]
        resolved = await stage.call("resolve", PATH, "--accepted", token)
        again = await stage.call("pull", "--json", target__sync=sync)

        assert (resolved.code, again.code) == (0, 0)
        assert numbers(stage) == list(range(30))
        assert len(pulls(stage)) == 1


@pytest.mark.parametrize(("before", "after"), [(False, True), (True, False)])
async def test_a_pull_may_be_repeated_only_if_it_was_harmless_when_it_was_begun_and_still_is(
    tmp_path: Path, before: bool, after: bool
) -> None:
    async with pushing(tmp_path, {}, held("upload", "hold_after")) as stage:
        async with stage.start("pull", target__sync=before) as program:
            await stage.remote.until_held()
            program.kill()
            await program.wait()
        stage.remote.release()
        outcome = await stage.call("pull", target__sync=after)

        assert outcome.code == 4
        assert len(pulls(stage)) == 1


@pytest.mark.parametrize("kind", LOST)
@whether_new_only
async def test_after_a_lost_answer_the_same_holds(tmp_path: Path, kind: str, sync: bool) -> None:
    async with pushing(tmp_path, {}, Fault(endpoint="upload", kind=kind), supply=3) as stage:
        outcome = await stage.call("pull", "--json", target__sync=sync)

        assert outcome.code == (4 if sync else 0)
        assert len(pulls(stage)) == (1 if sync else 2)


@pytest.mark.parametrize("kind", ["throttle", "unavailable"])
async def test_what_certainly_was_not_begun_is_begun_whatever_it_gives(tmp_path: Path, kind: str) -> None:
    async with pushing(tmp_path, {}, Fault(endpoint="upload", kind=kind, seconds=0), supply=3) as stage:
        outcome = await stage.call("pull", "--json", target__sync=True)

        assert outcome.code == 0
        assert numbers(stage) == [0, 1, 2]
        assert len(stage.remote.transfers) == 1


@pytest.mark.parametrize(
    "moment",
    [held("poll"), held("result", nth=1), held("result", "hold_after", nth=2), held("result", nth=5)],
    ids=["a poll", "the errors", "the first page", "a page in the middle"],
)
@whether_new_only
async def test_killed_while_records_come_in_the_next_one_goes_on_with_the_same_transfer(
    tmp_path: Path, moment: Fault, sync: bool
) -> None:
    async with pushing(tmp_path, {}, moment, supply=60, page=10) as stage:
        async with stage.start("pull", target__sync=sync) as program:
            await stage.remote.until_held()
            program.kill()
            await program.wait()
        assert stage.states == {PATH: "waiting"}
        assert not any(name.startswith(("records", "book")) for name in names(place(stage)))
        stage.remote.release()
        outcome = await stage.call("pull", "--json", target__sync=sync)

        assert outcome.code == 0
        assert numbers(stage) == list(range(60))
        assert names(place(stage)) == ["book.json", "records.csv", "records.jsonl"], "nothing half is left"
        assert len(pulls(stage)) == 1
        assert events_of(stage.out, PATH) == ["Checked", "SendStarted", "Accepted", "Completed"]


async def test_a_page_that_does_not_come_is_asked_for_again_and_no_other(tmp_path: Path) -> None:
    faults = [Fault(endpoint="result", kind=kind, nth=nth) for nth, kind in ((3, "reset_before"), (5, "truncated"))]
    async with pushing(tmp_path, {}, *faults, supply=60, page=10) as stage:
        outcome = await stage.call("pull", "--json")

        assert outcome.code == 0
        assert numbers(stage) == list(range(60))
        assert len(stage.remote.record.of("result")) == 1 + 6 + 2


async def test_stopped_by_a_signal_it_goes_on_next_time(tmp_path: Path) -> None:
    async with pushing(tmp_path, {}, held("result", nth=3), supply=60, page=10) as stage:
        async with stage.start("pull", "--json") as program:
            await stage.remote.until_held()
            program.send(signal.SIGTERM)
            await program.wait()
        stopped = program.outcome()
        stage.remote.release()

        assert stopped.code == 143
        assert names(place(stage)) == []
        assert (await stage.call("pull")).code == 0
        assert numbers(stage) == list(range(60))
        assert len(pulls(stage)) == 1


async def test_a_transfer_that_has_not_ended_is_waited_for_in_the_next_run(tmp_path: Path) -> None:
    async with pushing(tmp_path, {}, Fault(endpoint="upload", kind="stuck")) as stage:
        first = await stage.call("pull", polling__deadline=0.1)
        second = await stage.call("pull", polling__deadline=0.1)

        assert (first.code, second.code) == (5, 5)
        assert len(pulls(stage)) == 1


async def test_a_run_leaves_an_open_pull_alone_and_a_pull_leaves_files_alone(tmp_path: Path) -> None:
    async with pushing(tmp_path, {"a.csv": people(1, 2)}, Fault(endpoint="upload", kind="stuck")) as stage:
        await stage.call("pull", polling__deadline=0.1)
        pushed = await stage.run()
        shown = await stage.call("status", "--json")

        assert (pushed.code, shown.code) == (0, 0)
        assert pushed.ends == {"found": 1, "done": 1}
        assert stage.states == {PATH: "waiting", "a.csv": "done"}
        assert shown.json["counts"].items() >= {"waiting": 1, "done": 1}.items()


async def test_records_that_do_not_get_through_are_counted_and_the_others_kept(tmp_path: Path) -> None:
    async with pushing(tmp_path, {}, supply=50, batch=10, failing=5, page=20) as stage:
        outcome = await stage.call("pull", "--json")

        assert outcome.code == 3
        assert (outcome.json["records"], outcome.json["missing"]) == (40, 10)
        assert "of 50 records 10 did not get through" in outcome.json["message"]
        assert numbers(stage) == list(range(40))
        assert len((place(stage) / "errors.jsonl").read_text().splitlines()) == 10


@pytest.mark.parametrize(
    ("counted", "records", "name", "told"),
    [
        (1, [{"id": "1", "data": {"n": 1}}, {"id": "2", "data": {"n": 2}}], "surplus", "1 records more"),
        (2, [{"id": "1", "data": {"n": 1}}, {"id": "1", "data": {"n": 1}}], "repeated", "an id that came before"),
        (2, [{"id": "1", "data": None}, {"id": "2", "data": {"n": 2}}], "without_data", "hold no data"),
        (2, [{"id": "1", "data": [1]}, {"id": "2", "data": {"n": 2}}], "without_data", "hold no data"),
    ],
    ids=["more than are counted", "one twice", "no data", "a list"],
)
async def test_records_that_cannot_be_right_are_kept_and_told(
    tmp_path: Path, counted: int, records: list[dict[str, Any]], name: str, told: str
) -> None:
    def reply(request: Request) -> bytes:
        match request.target.partition("?")[0]:
            case "/api/pull/transfer":
                return BEGUN
            case "/api/statistics":
                return as_json(statistics(counts(counted, counted)))
            case "/api/errors":
                return page("errors")
            case _:
                return page("transfer_data", *records)

    async with pushing(tmp_path, {}) as stage, scripted(reply) as server:
        outcome = await stage.call("pull", "--json", target__base_url=server.url)

        assert outcome.code == 3
        assert stage.states == {PATH: "done"}
        assert told in outcome.json["message"]
        assert (outcome.json["records"], outcome.json[name]) == (2, 1)
        lines = (place(stage) / "records.jsonl").read_text().splitlines()
        assert [json.loads(line) for line in lines] == records


async def test_a_provider_that_wants_somebody_to_sign_in_again_has_failed_the_pull(tmp_path: Path) -> None:
    async with pushing(tmp_path, {}, authenticated=False, supply=50) as stage:
        outcome = await stage.call("pull", "--json")

        assert outcome.code == 3
        assert stage.states == {PATH: "failed"}
        assert "reauthenticate page" in outcome.json["message"]


async def test_pages_that_lead_nowhere_leave_no_files_and_no_other_host_is_asked(tmp_path: Path) -> None:
    pages = [
        page("transfer_data", {"id": "a", "data": {"n": 1}}, following=1),
        page("transfer_data", {"id": "b", "data": {"n": 2}}, following=1),
    ]

    def reply(request: Request) -> bytes:
        match request.target.partition("?")[0]:
            case "/api/pull/transfer":
                return BEGUN
            case "/api/statistics":
                return as_json(statistics(counts(4, 4)))
            case "/api/errors":
                return page("errors")
            case _:
                return pages.pop(0)

    async with pushing(tmp_path, {}) as stage, scripted(reply) as server:
        outcome = await stage.call("pull", "--json", target__base_url=server.url)

        assert outcome.code == 3
        assert "break off after 2 records" in outcome.json["message"]
        assert stage.states == {PATH: "failed"}
        assert names(place(stage)) == []
        assert pages == []


async def test_errors_beyond_those_that_are_kept_are_told_by_their_number(tmp_path: Path) -> None:
    first = page("errors", *[error(internal_id=f"k{nth}") for nth in range(6_000)], following=6_000)
    last = page("errors", *[error(internal_id=f"l{nth}") for nth in range(6_000)])

    def reply(request: Request) -> bytes:
        match request.target.partition("?")[0]:
            case "/api/pull/transfer":
                return BEGUN
            case "/api/statistics":
                return as_json(statistics(counts(12_001, 1)))
            case "/api/errors":
                return last if "offset=6000" in request.target else first
            case _:
                return page("transfer_data", {"id": "a", "data": {"n": 1}})

    async with pushing(tmp_path, {}) as stage, scripted(reply) as server:
        outcome = await stage.call("pull", "--json", target__base_url=server.url)

        assert outcome.code == 3
        assert "errors.jsonl holds the first 10,000 of 12,000 errors" in outcome.json["message"]
        lines = (place(stage) / "errors.jsonl").read_text().splitlines()
        assert [json.loads(lines[nth])["internal_id"] for nth in (0, 5_999, 6_000, -1)] == [
            "k0",
            "k5999",
            "l0",
            "l3999",
        ]
        assert len(lines) == 10_000


async def test_a_page_that_comes_again_and_again_ends_the_pull_for_now(tmp_path: Path) -> None:
    turned = []

    def reply(request: Request) -> bytes:
        match request.target.partition("?")[0]:
            case "/api/pull/transfer":
                return BEGUN
            case "/api/statistics":
                return as_json(statistics(counts(4, 4)))
            case "/api/errors":
                return page("errors")
            case _:
                turned.append(request.target)
                return page("transfer_data", {"id": "a", "data": {"n": 1}}, following=len(turned))

    async with pushing(tmp_path, {}) as stage, scripted(reply) as server:
        outcome = await stage.call("pull", "--json", target__base_url=server.url)

        assert outcome.code == 5
        assert stage.states == {PATH: "waiting"}
        assert len(turned) == 2


@pytest.mark.parametrize(
    ("setting", "code", "told"),
    [("session_id=gone", 2, "session"), ("session_id=", 2, "session_id"), ("kind=tao", 2, "target.")],
)
async def test_without_a_session_nothing_is_begun(tmp_path: Path, setting: str, code: int, told: str) -> None:
    async with pushing(tmp_path, {}) as stage:
        outcome = await stage.call("pull", "--json", "--set", f"target.{setting}")

        assert outcome.code == code
        assert told in outcome.json["message"]
        assert stage.remote.transfers == []


@pytest.mark.parametrize(
    "says", [as_json({"message": "no"}, 422), as_json({"success": False}), as_json({"message": "no"}, 403)]
)
async def test_what_is_wrong_with_a_pull_is_not_told_as_an_upload(tmp_path: Path, says: bytes) -> None:
    async with pushing(tmp_path, {}) as stage, scripted(says) as server:
        outcome = await stage.call("pull", "--json", target__base_url=server.url)

        assert outcome.code != 0
        assert "pull: the remote" in outcome.json["message"]
        assert "upload" not in outcome.json["message"]


async def test_neither_the_key_nor_the_session_nor_a_record_is_told(tmp_path: Path) -> None:
    faults = (Fault(endpoint="upload", kind="html"), Fault(endpoint="result", kind="truncated", nth=2))
    async with pushing(tmp_path, {}, *faults, supply=20, page=5) as stage:
        outcome = await stage.call("pull", "-v", "--log-format", "json", "--json")

        assert outcome.code == 0
        spoken = said("the pull", outcome)
        assert leaks(spoken | stored(stage.out), forms(stage.remote.api_key)) == []
        kept = {path: text for path, text in stored_without_results(stage.out).items() if "pulls/" not in path}
        assert leaks(spoken | kept, [stage.remote.session_id.encode(), b"@example.com", b"second line"]) == []
