"""Files that have to do with each other, to TAO: what goes first, what waits, and what is told before anything goes."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cli.imports import GROUP, Importing, importing, table, users
from cli.leaks import said, stored, stored_without_results
from cli.mending import mend
from cli.stage import held
from orchestrator.sandbox import Fault

ROLE = "TEST_TAKER"
LATE = "z_users.csv"
"""Of the users below, by its path after all that refer to them."""


def links(*names: str, group: str = GROUP) -> str:
    return table("user_username,group_name,group_role", *(f"{name},{group},{ROLE}" for name in names))


def people(*names: str) -> str:
    return table("user_username,user_password,user_name", *(f"{name},Secret-1,{name}" for name in names))


def told_done(stage: Importing, path: str) -> list[int]:
    """When the remote said that it has imported the file."""
    tokens = {entry["token"] for entry in stage.uploads if entry["name"] == path}
    polls = stage.remote.record.of("poll")
    return [entry["seq"] for entry in polls if entry["token"] in tokens and entry["state"] == "processed"]


def arrived(stage: Importing, path: str) -> list[int]:
    return [entry["seq"] for entry in stage.uploads if entry["name"] == path]


def rejected(stage: Importing, path: str) -> list[dict[str, str]]:
    with (stage.out / "rejects" / path).open(newline="") as file:
        return list(csv.DictReader(file))


async def files_csv(stage: Importing, outcome: Any) -> dict[str, dict[str, str]]:
    with (stage.report(outcome) / "files.csv").open(newline="") as file:
        return {row["path"]: row for row in csv.DictReader(file)}


# The order in which they go


@pytest.mark.parametrize("in_flight", [1, 100])
async def test_links_that_come_before_their_users_and_groups_are_sent_when_these_are_done(
    tmp_path: Path, in_flight: int
) -> None:
    files = {"a_links.csv": links("user1", "user2", group="north"), "b_links.csv": links("user3", group="north")}
    files |= {"y_groups.csv": table("group_name", "north"), LATE: users(1, 3)}
    async with importing(tmp_path, files) as stage:
        outcome = await stage.run(limits__uploads=1, limits__in_flight=in_flight)

        assert outcome.code == 0, outcome.err
        assert outcome.ends == {"found": 4, "done": 4}
        done = max(told_done(stage, LATE) + told_done(stage, "y_groups.csv"))
        assert done < min(arrived(stage, "a_links.csv") + arrived(stage, "b_links.csv"))
        assert stage.standing["links"] == Counter(f"user{number} north {ROLE}" for number in (1, 2, 3))
        assert not list((stage.out / ".orchestrator" / "spill").iterdir())


async def test_nobody_waits_where_references_are_not_looked_at(tmp_path: Path) -> None:
    files = {"a_links.csv": links("user1"), LATE: users(1, 1)}
    async with importing(tmp_path, files, held("upload", name=LATE)) as stage:
        async with stage.start("run", "--json", validation__references="off") as program:
            await stage.remote.until_held()
            await stage.until(lambda: told_done(stage, "a_links.csv"))
            stage.remote.release()
            await program.wait()

        assert arrived(stage, "a_links.csv") < arrived(stage, LATE)
        assert "looked_across" not in program.outcome().err


async def test_a_canary_that_needs_other_files_comes_after_them(tmp_path: Path) -> None:
    files = {"2024-01-01-links.csv": links("user1"), "2024-01-02-users.csv": users(1, 1)}
    files |= {"2024-01-03-links.csv": links("user1", group="south")}
    async with importing(tmp_path, files) as stage:
        days = ("--since", "2024-01-01", "--until", "2024-12-31")
        outcome = await stage.call("backfill", "inbox", *days, "--canary", "1", "--json")

        assert outcome.code == 3, "south is no group"
        assert outcome.ends == {"found": 3, "done": 3}
        assert next(entry["name"] for entry in stage.uploads) == "2024-01-02-users.csv"


async def test_files_that_wait_for_each_other_go_by_their_paths_and_it_is_told(tmp_path: Path) -> None:
    header = "hierarchy_organizationId,hierarchy_organizationName,hierarchy_parentOrganizationId"
    files = {"a.csv": table(header, "o1,One,root", "o2,Two,o3"), "b.csv": table(header, "o3,Three,o1")}
    async with importing(tmp_path, files) as stage:
        outcome = await stage.run()
        looked = await stage.call("validate")

        assert outcome.ends == {"found": 2, "done": 2}
        assert told_done(stage, "a.csv")[0] < arrived(stage, "b.csv")[0]
        assert "circle path=a.csv" in outcome.err
        assert b"a.csv: warning: reference: it depends on rows of b.csv" in looked.out


# What one of them needs


async def test_a_file_whose_users_were_rejected_is_kept_and_goes_when_they_are_mended(tmp_path: Path) -> None:
    files = {"links.csv": links("user1", "user2"), LATE: users(1, 2) + "\r\n,Secret-9,Nobody"}
    async with importing(tmp_path, files) as stage:
        outcome = await stage.run()

        assert outcome.code == 3, "to run again is of no use until somebody has mended it"
        assert outcome.ends == {"found": 2, "rejected": 1, "unsent": 1}
        assert stage.uploads == []
        line = (await files_csv(stage, outcome))["links.csv"]
        assert (line["state"], line["rows"]) == ("unsent", "2")
        assert line["cause"] == f"it depends on rows of {LATE}, which is rejected: it is sent when that file is done"

        (stage.folder / LATE).write_text(users(1, 2), newline="")
        again = await stage.run()

        assert again.ends == {"found": 2, "done": 2}
        assert told_done(stage, LATE)[0] < arrived(stage, "links.csv")[0]


async def test_a_file_whose_users_failed_at_the_remote_is_kept_until_they_are_sent_again(tmp_path: Path) -> None:
    files = {"links.csv": links("user1"), LATE: users(1, 1)}
    async with importing(tmp_path, files, Fault(endpoint="upload", kind="fail", name=LATE)) as stage:
        outcome = await stage.run()
        again = await stage.run()

        assert outcome.ends == again.ends == {"found": 2, "failed": 1, "unsent": 1}
        assert (outcome.code, again.code) == (3, 3)
        assert arrived(stage, "links.csv") == []

        mended = await stage.run("--retry-failed")

        assert mended.ends == {"found": 2, "done": 2}
        assert told_done(stage, LATE)[-1] < arrived(stage, "links.csv")[0]


async def test_a_file_is_kept_where_those_that_it_needs_are_in_doubt_or_none_of_this_run(tmp_path: Path) -> None:
    lost = Fault(endpoint="upload", kind="drop_after", name=LATE)
    async with importing(tmp_path, {"links.csv": links("user1"), LATE: users(1, 1)}, lost) as stage:
        alone = await stage.run("--only", "links.csv")
        doubted = await stage.run(target__resend="never")

        assert (alone.code, alone.ends) == (3, {"found": 1, "unsent": 1})
        assert "is not done, and no file of this run" in (await files_csv(stage, alone))["links.csv"]["cause"]
        assert (doubted.code, doubted.ends) == (4, {"found": 2, "in_doubt": 1, "unsent": 1})
        assert "is in doubt" in (await files_csv(stage, doubted))["links.csv"]["cause"]
        assert arrived(stage, "links.csv") == []


async def test_a_file_that_may_hold_what_nobody_else_holds_is_waited_for(tmp_path: Path) -> None:
    """Nobody knows which users stand behind the quote that never closes."""
    files = {"links.csv": links("user9"), LATE: users(1, 2) + '\r\n"user9,Secret-9,Nine'}
    async with importing(tmp_path, files) as stage:
        outcome = await stage.run()

        assert outcome.ends == {"found": 2, "rejected": 1, "unsent": 1}
        assert stage.uploads == []


async def test_what_is_done_already_is_there_for_those_that_refer_to_it(tmp_path: Path) -> None:
    async with importing(tmp_path, {LATE: users(1, 1)}) as stage:
        await stage.run()
        (stage.folder / "links.csv").write_text(links("user1"), newline="")
        # A second file with the same user is no reason to wait: the remote has that user.
        (stage.folder / "later_users.csv").write_text(users(1, 1) + "\r\n,Secret-9,Nobody", newline="")
        outcome = await stage.run()

        assert outcome.ends == {"found": 3, "done": 1, "skipped": 1, "rejected": 1}
        assert stage.states["links.csv"] == "done"


@pytest.mark.parametrize(
    ("endpoint", "kind", "name"),
    [
        ("upload", "hold_before", LATE),
        ("upload", "hold_after", LATE),
        ("poll", "hold_before", LATE),
        ("upload", "hold_after", "links.csv"),
    ],
)
async def test_killed_in_the_middle_the_next_run_sends_each_after_what_it_needs(
    tmp_path: Path, endpoint: str, kind: str, name: str
) -> None:
    files = {"links.csv": links("user1", "user2"), LATE: users(1, 2)}
    async with importing(tmp_path, files, held(endpoint, kind, name=name)) as stage:
        async with stage.start("run") as program:
            await stage.remote.until_held()
            program.kill()
            await program.wait()
        spill = stage.out / ".orchestrator" / "spill"
        assert [file.name for file in spill.iterdir()] == ["census.sqlite3"]
        assert not any(b"user1" in file.read_bytes() for file in spill.iterdir())
        stage.remote.release()
        outcome = await stage.run()

        assert outcome.code == 0
        assert stage.states == {"links.csv": "done", LATE: "done"}
        assert told_done(stage, LATE)[0] < arrived(stage, "links.csv")[0]
        assert stage.standing["links"] == Counter(f"user{number} {GROUP} {ROLE}" for number in (1, 2))
        assert not list(spill.iterdir())


# What nobody has


@pytest.mark.parametrize("command", ["run", "validate"])
async def test_a_user_whom_no_file_has_is_told_and_sent_unless_that_is_an_error(tmp_path: Path, command: str) -> None:
    files = {"links.csv": links("user1", "nobody", "user2"), LATE: users(1, 2)}
    async with importing(tmp_path, files) as stage:
        if command == "validate":
            looked = await stage.call("validate", "--json")
            (problem,) = [each for each in looked.json["problems"] if each["rule"] == "reference"]
            assert looked.code == 0
            place = (problem["path"], problem["line"], problem["column"], problem["name"], problem["severity"])
            assert place == ("links.csv", 3, 1, "user_username", "warning")
            strict = await stage.call("validate", "--json", validation__references="error")
            assert [each["severity"] for each in strict.json["problems"]] == ["error"]
            assert strict.code == 3
            return
        outcome = await stage.run(validation__references="error")

        assert (outcome.code, outcome.ends) == (3, {"found": 2, "done": 1, "rejected": 1})
        (row,) = rejected(stage, "links.csv")
        assert (row["user_username"], row["_line"], row["_column"], row["_rule"]) == (
            "nobody",
            "3",
            "user_username",
            "reference",
        )
        assert row["_message"].startswith(
            "no good row of tao.users or tao.links.new_user has it: add that row, mend it"
        )

        again = await stage.run()

        assert (again.code, again.ends) == (3, {"found": 2, "done": 1, "skipped": 1}), "the remote refuses that row"
        assert 'found="reference in user_username (1)"' in again.err


async def test_where_no_file_of_a_kind_is_there_the_remote_may_have_every_row_of_it(tmp_path: Path) -> None:
    async with importing(tmp_path, {"links.csv": links("member")}) as stage:
        outcome = await stage.run(validation__references="error")

        assert (outcome.code, outcome.ends) == (0, {"found": 1, "done": 1})


async def test_a_row_that_refers_to_nobody_is_dropped_where_bad_rows_are(tmp_path: Path) -> None:
    files = {"links.csv": links("user1", "nobody"), LATE: users(1, 1)}
    async with importing(tmp_path, files) as stage:
        outcome = await stage.run(validation__references="error", validation__on_bad_rows="drop_rows")

        assert (outcome.code, outcome.ends) == (3, {"found": 2, "done": 2})
        assert outcome.summary["rows"]["data"]["refused"] == 0
        assert [row["user_username"] for row in rejected(stage, "links.csv")] == ["nobody"]


async def test_rows_that_the_remote_refused_are_nobodys_until_they_are_mended(tmp_path: Path) -> None:
    """TAO wants a password of a new user."""
    strict = {"validation__references": "error", "validation__on_bad_rows": "drop_rows"}
    header = "user_username,user_password,user_name"
    async with importing(tmp_path, {LATE: table(header, "user1,Secret-1,One", "user2,,Two")}) as stage:
        await stage.run(**strict)
        (stage.folder / "links.csv").write_text(links("user1", "user2"), newline="")
        outcome = await stage.run(**strict)

        assert (outcome.code, outcome.ends) == (3, {"found": 2, "done": 1, "skipped": 1})
        (row,) = rejected(stage, "links.csv")
        assert (row["user_username"], row["_line"], row["_rule"]) == ("user2", "3", "reference")
        assert row["_message"] == (
            f"the row that has it, in {LATE}, line 3, does not get to the remote: mend that one, or correct the cell"
        )
        assert stage.standing["links"] == Counter([f"user1 {GROUP} {ROLE}"])

        mend(stage.out / "rejects" / LATE, {3: {"user_password": "Secret-2"}})
        mended = await stage.call("resubmit", "--json", "-i", "inbox", **strict)

        assert (mended.code, mended.ends) == (0, {"found": 2, "done": 2})
        assert stage.standing["links"] == Counter([f"user1 {GROUP} {ROLE}", f"user2 {GROUP} {ROLE}"])
        assert told_done(stage, LATE)[-1] < arrived(stage, "links.csv")[-1]

        (stage.folder / "more_links.csv").write_text(links("user1", "user2", group="night"), newline="")
        more = await stage.run(**strict)

        assert (more.code, more.ends) == (0, {"found": 3, "skipped": 2, "done": 1})


@pytest.mark.parametrize("on_bad_rows", ["drop_rows", "reject_file"])
@pytest.mark.parametrize("references", ["error", "as_declared"])
async def test_rows_that_the_remote_refuses_are_nobodys_in_the_same_run(
    tmp_path: Path, references: str, on_bad_rows: str
) -> None:
    """TAO wants a password of a new user; what a link refers to is a warning unless an error was asked for."""
    settings = {"validation__references": references, "validation__on_bad_rows": on_bad_rows}
    header = "user_username,user_password,user_name"
    files = {"links.csv": links("user1", "user2"), LATE: table(header, "user1,Secret-1,One", "user2,,Two")}
    async with importing(tmp_path, files) as stage:
        outcome = await stage.run(**settings)

        assert outcome.code == 3
        if references == "as_declared":
            assert outcome.ends == {"found": 2, "done": 2}
            assert 'found="reference in user_username (1)"' in outcome.err
            assert outcome.summary["rows"]["data"]["refused"] == 2
            return
        is_dropped = on_bad_rows == "drop_rows"
        assert outcome.ends == {"found": 2} | ({"done": 2} if is_dropped else {"done": 1, "rejected": 1})
        (row,) = rejected(stage, "links.csv")
        assert (row["user_username"], row["_line"], row["_rule"]) == ("user2", "3", "reference")
        assert f"the row that has it, in {LATE}, line 3, does not get to the remote" in row["_message"]
        assert outcome.summary["rows"]["data"]["refused"] == 1
        assert stage.standing["links"] == Counter([f"user1 {GROUP} {ROLE}"] if is_dropped else [])

        again = await stage.run(**settings)

        assert (again.code, again.ends.get("skipped"), len(stage.uploads)) == (
            (0, 2, 2) if is_dropped else (3, 1, 1)
        ), "what was found in the run is what the next one finds, so nothing is judged or sent again"


async def test_where_a_chain_of_rejections_begins_nothing_behind_it_is_sent(tmp_path: Path) -> None:
    header = "hierarchy_organizationId,hierarchy_organizationName,hierarchy_parentOrganizationId"
    groups = table("group_name,group_organizationId", "north,o1")
    files = {"a_links.csv": links("user1", group="north"), "b_groups.csv": groups, LATE: users(1, 1)}
    files |= {"c_organizations.csv": table(header, "o1,One,o2", "o3,Three,root")}
    async with importing(tmp_path, files) as stage:
        outcome = await stage.run(validation__references="error")

        assert (outcome.code, outcome.ends) == (3, {"found": 4, "rejected": 1, "unsent": 2, "done": 1})
        told = await files_csv(stage, outcome)
        assert "depends on rows of c_organizations.csv, which is rejected" in told["b_groups.csv"]["cause"]
        assert "depends on rows of b_groups.csv, which is unsent" in told["a_links.csv"]["cause"]
        assert [entry["name"] for entry in stage.uploads] == [LATE]

        dropped = await stage.run(validation__references="error", validation__on_bad_rows="drop_rows")

        assert dropped.code == 3
        assert dropped.ends == {"found": 4, "done": 1, "rejected": 2, "skipped": 1}, "no good row is left of two"
        assert stage.standing["organizations"] == Counter(["Three"])
        assert stage.standing["groups"] == stage.standing["links"] == Counter()


# What two have


@pytest.mark.parametrize("setting", ["off", "warning", "error"])
async def test_one_person_in_two_files_is_what_the_setting_says(tmp_path: Path, setting: str) -> None:
    files = {"a.csv": people("zoe", "al"), "b.csv": people("bo", "cy", "al")}
    async with importing(tmp_path, files) as stage:
        outcome = await stage.run(validation__duplicates=setting)

        if setting != "error":
            assert (outcome.code, outcome.ends) == (0, {"found": 2, "done": 2})
            assert ("unique in user_username (1)" in outcome.err) == (setting == "warning")
            return
        assert (outcome.code, outcome.ends) == (3, {"found": 2, "done": 1, "rejected": 1})
        (row,) = rejected(stage, "b.csv")
        assert (row["user_username"], row["_line"], row["_column"], row["_rule"]) == (
            "al",
            "4",
            "user_username",
            "unique",
        )
        assert row["_message"] == "the same as in a.csv, line 3: take one of the two out"
        assert "bad_rows=1" in outcome.err


async def test_a_row_is_left_out_for_the_sake_of_another_file_only_when_that_one_is_done(tmp_path: Path) -> None:
    """Else it would be nowhere when the other file, mended, does not hold it any more."""
    files = {"a.csv": people("zoe", "al"), "b.csv": people("bo", "al")}
    settings = {"validation__duplicates": "error", "validation__on_bad_rows": "drop_rows"}
    async with importing(tmp_path, files, Fault(endpoint="upload", kind="fail", name="a.csv")) as stage:
        outcome = await stage.run(**settings)

        assert outcome.ends == {"found": 2, "failed": 1, "unsent": 1}
        assert arrived(stage, "b.csv") == []

        (stage.folder / "a.csv").write_text(people("zoe"), newline="")
        again = await stage.run(**settings)

        assert (again.code, again.ends) == (0, {"found": 2, "done": 2})
        assert stage.standing["users"] == Counter(["zoe", "al", "bo"])


async def test_who_was_first_is_who_is_done_and_never_rejected_afterwards(tmp_path: Path) -> None:
    async with importing(tmp_path, {"m.csv": people("al")}) as stage:
        await stage.run()
        (stage.folder / "a.csv").write_text(people("zoe", "al"), newline="")
        outcome = await stage.run(validation__duplicates="error")

        assert outcome.ends == {"found": 2, "skipped": 1, "rejected": 1}
        assert [row["_message"] for row in rejected(stage, "a.csv")] == [
            "the same as in m.csv, line 2: take one of the two out"
        ]
        assert len(arrived(stage, "m.csv")) == 1


async def test_a_rejection_for_the_sake_of_another_file_is_judged_again_when_that_file_changes(tmp_path: Path) -> None:
    """Its own bytes are the same as before."""
    files = {"a.csv": people("zoe", "al"), "b.csv": people("al")}
    async with importing(tmp_path, files) as stage:

        async def rows_told() -> tuple[str, list[str]]:
            await stage.run(validation__duplicates="error")
            listed = (stage.out / "rejects" / "b.csv").exists()
            return stage.states["b.csv"], [row["_message"] for row in rejected(stage, "b.csv")] if listed else []

        assert await rows_told() == ("rejected", ["the same as in a.csv, line 3: take one of the two out"])
        listed = (stage.out / "rejects" / "b.csv").stat()
        await rows_told()
        assert (stage.out / "rejects" / "b.csv").stat() == listed, "nothing has changed, so it is not judged again"
        (stage.folder / "a.csv").write_text(people("al", "zoe"), newline="")
        assert await rows_told() == ("rejected", ["the same as in a.csv, line 2: take one of the two out"])
        (stage.folder / "a.csv").write_text(people("zoe"), newline="")
        assert await rows_told() == ("done", [])
        assert stage.standing["users"] == Counter(["zoe", "al"])


# What is not told


async def test_neither_a_key_nor_a_reference_shows_up_in_what_is_said_or_stored(tmp_path: Path) -> None:
    canary, other = "canary-bird-4711", "canary-song-4712"
    files = {"a.csv": people(canary), "b.csv": people(canary), "links.csv": links(canary, other)}
    async with importing(tmp_path, files) as stage:
        spoken = {}
        for setting in ("warning", "error"):
            settings = {"validation__duplicates": setting, "validation__references": setting}
            outcome = await stage.run("-v", "--log-format", "json", **settings)
            looked = await stage.call("validate", "--json", **settings)
            spoken |= said(f"the run with {setting}", outcome) | said(f"validate with {setting}", looked)
            rules = {problem["rule"] for problem in looked.json["problems"]}
            assert {"unique", "reference"} <= rules, json.dumps(looked.json)
        everywhere = spoken | stored_without_results(stage.out)
        told = {place for place, content in everywhere.items() if b"canary" in content}

        assert {place for place in told if "rejects" not in place} == set()
        assert any(b"canary" in content for content in stored(stage.out).values())


@pytest.mark.parametrize("why", ["undecodable", "a clash of names"])
async def test_what_a_file_holds_that_cannot_be_recognised_is_not_missing(tmp_path: Path, why: str) -> None:
    files = {"a_users.csv": people("user1"), "links.csv": links("user1", "user2")}
    strict = {"validation__references": "error", "target__name": "{stem}"}
    async with importing(tmp_path, files) as stage:
        if why == "undecodable":
            other = stage.folder / "b_users.csv"
            other.write_bytes(b"\xff" + people("user2").encode())
        else:
            other = stage.folder / "sub" / "a_users.csv"
            other.parent.mkdir()
            other.write_text(people("user2"))

        first = await stage.run(validation__on_bad_rows="drop_rows", **strict)

        assert first.code == 3
        assert not arrived(stage, "links.csv"), "nobody knows yet what it refers to"
        other.unlink()
        (stage.folder / "c_users.csv").write_text(people("user2"))
        assert (await stage.run(validation__on_bad_rows="drop_rows", **strict)).code == 0
        assert sum(stage.standing["links"].values()) == 2


async def test_no_row_goes_unasked_in_the_place_of_one_that_is_kept_back(tmp_path: Path) -> None:
    header = "user_username,user_password,user_organizationId"
    rows = ["user1,Secret-1,nowhere", "user1,Secret-1,nowhere-too", "user1,Secret-1,o1", "user2,Secret-2,o1"]
    files = {
        "a_organizations.csv": table("hierarchy_organizationId,hierarchy_organizationName", "o1,One"),
        "users.csv": table(header, *rows),
    }
    async with importing(tmp_path, files) as stage:
        strict = {"validation__on_bad_rows": "drop_rows", "validation__references": "error"}
        looked = await stage.call("validate", "--json", **strict)
        outcome = await stage.run(**strict)

        told = [("2", "reference"), ("3", "unique"), ("4", "unique")]
        assert [(str(each["line"]), each["rule"]) for each in looked.json["problems"]] == told
        assert outcome.code == 3
        assert [(row["_line"], row["_rule"]) for row in rejected(stage, "users.csv")] == told
        assert stage.standing["users"] == Counter(["user2"])

        mend(stage.out / "rejects" / "users.csv", {2: {"user_organizationId": "o1"}})
        mended = await stage.call("resubmit", "--json", "-i", "inbox", **strict)

        assert mended.code == 3, "line 2 goes, and the others are the same"
        assert [(row["_line"], row["_rule"]) for row in rejected(stage, "users.csv")] == told[1:]
        assert stage.standing["users"] == Counter(["user1", "user2"])


async def test_a_row_that_the_remote_refused_is_nobodys_while_others_of_its_file_are_resubmitted(
    tmp_path: Path,
) -> None:
    strict = {"validation__references": "error", "validation__on_bad_rows": "drop_rows"}
    rows = ["user1,Secret-1,One", "user2,,Two", "user3,,Three"]
    async with importing(tmp_path, {LATE: table("user_username,user_password,user_name", *rows)}) as stage:
        await stage.run(**strict)
        (stage.folder / "links.csv").write_text(links("user1", "user2", "user3"), newline="")
        await stage.run(**strict)
        assert [row["_line"] for row in rejected(stage, "links.csv")] == ["3", "4"]

        mend(stage.out / "rejects" / LATE, {3: {"user_password": "Secret-2"}}, only=True)
        mended = await stage.call("resubmit", "--json", "-i", "inbox", **strict)

        assert (mended.code, mended.ends) == (3, {"found": 2, "done": 2})
        assert [(row["_line"], row["_rule"]) for row in rejected(stage, "links.csv")] == [("4", "reference")]
        assert stage.standing["links"] == Counter([f"user1 {GROUP} {ROLE}", f"user2 {GROUP} {ROLE}"])
        assert mended.summary["rows"]["data"]["refused"] == 0


async def test_a_row_that_the_remote_refused_is_nobodys_whatever_repeats_in_its_file(tmp_path: Path) -> None:
    strict = {"validation__references": "error", "validation__on_bad_rows": "drop_rows"}
    rows = ["user1,Secret-1,One", "user2,,Two", "zoe,Secret-3,Zoe", "zoe,Secret-4,Zoe"]
    async with importing(tmp_path, {LATE: table("user_username,user_password,user_name", *rows)}) as stage:
        await stage.run(**strict)
        (stage.folder / "links.csv").write_text(links("user1", "user2"), newline="")
        outcome = await stage.run(**strict)

        assert outcome.code == 3
        assert [(row["_line"], row["_rule"]) for row in rejected(stage, "links.csv")] == [("3", "reference")]
        assert stage.standing["links"] == Counter([f"user1 {GROUP} {ROLE}"])
