"""Mended rows where what is sent comes to what is there: they go alone, and none of the others goes twice."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from cli.imports import GROUP, MEMBER, importing, table
from cli.mending import lines_in, mend, rows_of
from cli.program import Outcome
from cli.pushes import Pushing, pushing
from cli.stage import Stage, held
from orchestrator.edges.workplace import ledger_file
from orchestrator.sandbox import Fault

DROP = {"validation__on_bad_rows": "drop_rows"}
PEOPLE = "id,name\r\n1,Anna\r\n,Bert\r\n3,Cleo\r\n,Dora\r\n5,Egon"
"""Lines 3 and 5 lack the id, which the key asks for."""
KEYED = {"target__key": "id", **DROP}


async def resubmit(stage: Stage, *lists: str, **settings: object) -> Outcome:
    return await stage.call("resubmit", "--json", *lists, **{**DROP, **settings})


def rejects(stage: Stage, path: str) -> Path:
    return stage.out / "rejects" / path


def a_while_later(stage: Stage) -> None:
    """An hour, for what the ledger has of lost answers."""
    with closing(sqlite3.connect(ledger_file(stage.out))) as db, db:
        db.execute("UPDATE jobs SET lost_at = lost_at - 3600")


async def before(stage: Pushing) -> None:
    assert (await stage.run(**DROP)).code == 3
    assert lines_in(rejects(stage, "people.csv")) == [3, 5]
    assert stage.standing == Counter("135")


@pytest.mark.parametrize("part_rows", [250, 2])
async def test_only_the_mended_records_are_pushed(tmp_path: Path, part_rows: int) -> None:
    settings = {"target__part_rows": part_rows}
    async with pushing(tmp_path, {"people.csv": PEOPLE}, key="id") as stage:
        assert (await stage.run(**DROP, **settings)).code == 3
        pushed = sum(entry["records"] for entry in stage.pushes)
        assert pushed == 3
        mend(rejects(stage, "people.csv"), {3: {"id": "2"}})

        half = await resubmit(stage, **settings)

        assert half.code == 3
        assert half.summary["rows"]["data"] | {"left_out": 0, "warned": 0} == {
            **dict.fromkeys(("withheld", "known", "refused", "unknown", "left_out", "warned"), 0),
            "read": 2,
            "invalid": 1,
            "sent": 1,
            "accepted": 1,
        }
        assert lines_in(rejects(stage, "people.csv")) == [5]
        mend(rejects(stage, "people.csv"), {5: {"id": "4"}})

        whole = await resubmit(stage, **settings)

        assert whole.code == 0
        assert stage.standing == Counter("12345")
        assert sum(entry["records"] for entry in stage.pushes) == 5
        assert (await stage.run(**DROP, **settings)).ends == {"found": 1, "skipped": 1}


async def test_a_key_that_an_accepted_row_has_is_no_key_for_a_mended_one(tmp_path: Path) -> None:
    async with pushing(tmp_path, {"people.csv": PEOPLE}, key="id") as stage:
        await before(stage)
        mend(rejects(stage, "people.csv"), {3: {"id": "1"}, 5: {"id": "4"}})

        outcome = await resubmit(stage)

        assert outcome.code == 3
        assert lines_in(rejects(stage, "people.csv")) == [3]
        assert "unique" in rejects(stage, "people.csv").read_text()
        assert stage.standing == Counter("1345")


async def test_a_row_that_an_earlier_version_took_is_refused(tmp_path: Path) -> None:
    async with pushing(tmp_path, {"people.csv": PEOPLE}, key="id") as stage:
        await before(stage)
        mend(rejects(stage, "people.csv"), {3: {"id": "2"}})
        await resubmit(stage)
        mend(rejects(stage, "people.csv"), {5: {"id": "4", "_line": "2"}})

        outcome = await resubmit(stage)

        assert outcome.code == 3
        assert "the row of line 2 was accepted in version 1: take it out" in outcome.summary["message"]
        assert stage.standing == Counter("1235")


@pytest.mark.parametrize("kind", ["hold_before", "hold_after"])
async def test_killed_on_the_way_the_mended_records_stand_there_once(tmp_path: Path, kind: str) -> None:
    async with pushing(tmp_path, {"people.csv": PEOPLE}, held("upload", kind, nth=2), key="id") as stage:
        await before(stage)
        mend(rejects(stage, "people.csv"), {3: {"id": "2"}})
        async with stage.start("resubmit", **DROP) as program:
            await stage.remote.until_held(1)
            program.kill()
            await program.wait()
        stage.remote.release()
        await stage.until(lambda: sum(entry["applied"] for entry in stage.pushes) >= 2)

        outcome = await resubmit(stage)

        assert outcome.ends == {"adopted": 1, "done": 1}
        assert stage.standing == Counter("1235")


async def test_only_the_mended_members_are_imported(tmp_path: Path) -> None:
    header = "user_username,user_password,user_name"
    files = {"users.csv": table(header, "user1,Secret-1,One", ",Secret-2,Two", "user3,Secret-3,Three")}
    async with importing(tmp_path, files) as stage:
        await stage.run(**DROP)
        assert stage.standing["users"] == Counter(["user1", "user3"])
        mend(rejects(stage, "users.csv"), {3: {"user_username": "user2"}})

        outcome = await resubmit(stage)

        assert outcome.code == 0
        assert stage.standing["users"] == Counter(["user1", "user2", "user3"])
        assert [entry["rows"] for entry in stage.uploads] == [2, 1]


async def test_a_mended_row_is_looked_at_beside_other_files_like_any_other(tmp_path: Path) -> None:
    header = "user_username,user_password,user_name"
    files = {
        "a.csv": table(header, "user1,Secret-1,One", "user2,Secret-2,Two"),
        "b.csv": table(header, "user2,Secret-2,Two", "user3,Secret-3,Three"),
    }
    strict = {"validation__duplicates": "error"}
    async with importing(tmp_path, files) as stage:
        assert (await stage.run(**DROP, **strict)).code == 3
        assert lines_in(rejects(stage, "b.csv")) == [2]

        mend(rejects(stage, "b.csv"), {2: {"user_username": "user1"}})
        again = await resubmit(stage, **strict)

        assert again.code == 3
        assert [(row["user_username"], row["_rule"]) for row in rows_of(rejects(stage, "b.csv"))] == [
            ("user1", "unique")
        ]
        mend(rejects(stage, "b.csv"), {2: {"user_username": "user4"}})
        assert (await resubmit(stage, **strict)).code == 0
        assert stage.standing["users"] == Counter(["user1", "user2", "user3", "user4"])
        assert [entry["rows"] for entry in stage.uploads] == [2, 1, 1]
        assert (await stage.run(**DROP, **strict)).ends == {"found": 2, "skipped": 2}


# Rows that the remote refused

PASSED_OVER = table(
    "user_username,user_password,user_name",
    "zoe,Secret-1,Zoe",
    ',Secret-2,"Nobody, and',
    'nowhere"',
    "bo,,Bo",
    "cy,Secret-4,Cy",
    "di,,Di",
)
"""Line 3 is not sent; lines 5 and 7 are refused by TAO, which wants a password of a new user."""


@pytest.mark.parametrize("part", ["0", "150"])
async def test_rows_that_the_remote_refused_are_mended_in_the_same_list(tmp_path: Path, part: str) -> None:
    parts = {"target__part_bytes": part}
    async with importing(tmp_path, {"users.csv": PASSED_OVER}) as stage:
        assert (await stage.run(**DROP, **parts)).code == 3
        rows = rows_of(rejects(stage, "users.csv"))
        assert [(row["_line"], row["_rule"], row["_column"], row["user_username"]) for row in rows] == [
            ("3", "required", "user_username", ""),
            ("5", "refused", "user_password", "bo"),
            ("7", "refused", "user_password", "di"),
        ]
        assert "objections.csv under results/ says why" in rows[1]["_message"]

        mend(rejects(stage, "users.csv"), {5: {"user_password": "Secret-3"}}, only=True)
        half = await resubmit(stage, **parts)

        assert half.code == 3
        left = [(row["_line"], row["_column"]) for row in rows_of(rejects(stage, "users.csv"))]
        known = [("3", "user_username"), ("7", "user_password")]
        assert left == known, "what was taken out of the list is still to be mended"
        assert stage.standing["users"] == Counter(["zoe", "bo", "cy"])
        assert sum(entry["rows"] for entry in stage.uploads) == 5

        mended = {3: {"user_username": "al", "user_name": "Al"}, 7: {"user_password": "Secret-5"}}
        mend(rejects(stage, "users.csv"), mended)
        whole = await resubmit(stage, **parts)

        assert whole.code == 0
        assert stage.standing["users"] == Counter(["zoe", "bo", "cy", "al", "di"])
        assert sum(entry["rows"] for entry in stage.uploads) == 7
        assert not rejects(stage, "users.csv").exists()


async def test_of_a_mapped_file_no_column_is_named_for_the_sake_of_one_that_is_called_the_same(tmp_path: Path) -> None:
    """The password is made of another column than the one that has its name."""
    made = {"user_username": "login", "user_password": "word", "user_name": "user_password"}
    text = table("login,user_password,word", "zoe,Zoe,Secret-1", "bo,Bo,")
    async with importing(tmp_path, {"users.csv": text}) as stage:
        columns = [f'[[columns]]\nto = "{to}"\nfrom = "{source}"' for to, source in made.items()]
        (tmp_path / "mapping.toml").write_text("\n".join(columns))
        outcome = await stage.run(**DROP, validation__mapping="mapping.toml", validation__schema="tao.users")

        assert outcome.code == 3
        (row,) = rows_of(rejects(stage, "users.csv"))
        assert (row["_line"], row["_rule"], row["_column"]) == ("3", "refused", "")


async def test_a_row_that_repeats_one_that_the_remote_refused_stays_in_the_list(tmp_path: Path) -> None:
    people = table("user_username,user_password,user_name", "zoe,Secret-1,Zoe", "bo,,Bo", "bo,Secret-2,Bob")
    async with importing(tmp_path, {"users.csv": people}) as stage:
        assert (await stage.run(**DROP)).code == 3
        rows = rows_of(rejects(stage, "users.csv"))
        assert [(row["_line"], row["_rule"]) for row in rows] == [("3", "refused"), ("4", "unique")]
        assert rows[1]["_message"].startswith("the same as in line 3")

        mend(rejects(stage, "users.csv"), {3: {"user_username": "di", "user_password": "Secret-3"}})

        assert (await resubmit(stage)).code == 0
        assert stage.standing["users"] == Counter(["zoe", "di", "bo"])
        assert not rejects(stage, "users.csv").exists()


async def test_rows_that_the_remote_refused_are_found_where_they_stand_in_a_changed_file(tmp_path: Path) -> None:
    """A line more above them; the parts that they are in are the same, and are not sent again."""
    parts = {"target__part_rows": 2}
    async with importing(tmp_path, {"users.csv": PASSED_OVER}) as stage:
        await stage.run(**DROP, **parts)
        assert [row["user_username"] for row in rows_of(rejects(stage, "users.csv"))] == ["", "bo", "di"]
        assert [entry["rows"] for entry in stage.uploads] == [2, 2]
        header, rest = PASSED_OVER.split("\n", 1)
        (stage.folder / "users.csv").write_text(f"{header}\n,,Nobody\n{rest}", newline="")

        again = await stage.run(**DROP, **parts)

        assert again.ends == {"found": 1, "done": 1}
        assert len(stage.uploads) == 2
        rows = [(row["_line"], row["user_username"]) for row in rows_of(rejects(stage, "users.csv"))]
        assert rows == [("2", ""), ("4", ""), ("6", "bo"), ("8", "di")]


async def test_a_row_that_the_remote_refused_may_be_sent_as_it_is_once_its_reason_is_gone(tmp_path: Path) -> None:
    link = table("user_username,group_name,group_role", f"{MEMBER},{GROUP},GRADER", f"late,{GROUP},GRADER")
    async with importing(tmp_path, {"links.csv": link}) as stage:
        assert (await stage.run(**DROP)).code == 3
        assert lines_in(rejects(stage, "links.csv")) == [3]
        stage.remote.portal.users["late"] = dict(stage.remote.portal.users[MEMBER])

        assert (await resubmit(stage)).code == 0
        assert stage.standing["links"] == Counter([f"{MEMBER} {GROUP} GRADER", f"late {GROUP} GRADER"])
        assert [entry["rows"] for entry in stage.uploads] == [2, 1]


async def test_a_list_that_was_never_written_is_made_when_it_is_asked_for(tmp_path: Path) -> None:
    async with importing(tmp_path, {"users.csv": PASSED_OVER}) as stage:
        await stage.run(**DROP)
        rejects(stage, "users.csv").unlink()

        outcome = await resubmit(stage, "users.csv")

        assert outcome.code == 3
        assert "its rows that are not at the remote stand in one now, made anew" in outcome.summary["message"]
        assert lines_in(rejects(stage, "users.csv")) == [3, 5, 7]
        assert len(stage.uploads) == 1


# What is there is not sent again, whatever becomes of the lists

SESSIONS = table(
    "session_deliveryId,session_name,group_name", f"d1,s1,{GROUP}", f"d2,s2,{GROUP}", f",s3,{GROUP}", f",s4,{GROUP}"
)
"""Lines 4 and 5 lack what tells sessions apart; TAO would add the others once more if they came again."""


@pytest.mark.parametrize("spoil", ["taken away", "no list any more"])
async def test_without_its_mended_rows_no_row_goes_twice(tmp_path: Path, spoil: str) -> None:
    failing = Fault(endpoint="upload", kind="fail", nth=2)
    async with importing(tmp_path, {"sessions.csv": SESSIONS}, failing) as stage:
        await stage.run(**DROP)
        mend(rejects(stage, "sessions.csv"), {4: {"session_deliveryId": "d3"}})
        assert (await resubmit(stage)).ends == {"found": 1, "failed": 1}
        (kept,) = (file for file in (stage.out / "mended").rglob("*") if file.is_file())
        if spoil == "taken away":
            kept.unlink()
        else:
            kept.write_bytes(b"\xff")
            assert (await stage.run(**DROP)).ends == {"found": 1, "rejected": 1}
            assert "take it away, and resubmit its rows" in stage.jobs["sessions.csv"].cause
            kept.unlink()
        rejects(stage, "sessions.csv").unlink(missing_ok=True)

        await stage.run("--retry-failed", **DROP)

        assert stage.standing["sessions"] == Counter(["s1", "s2"])
        assert lines_in(rejects(stage, "sessions.csv")) == [4, 5]
        mend(rejects(stage, "sessions.csv"), {4: {"session_deliveryId": "d3"}, 5: {"session_deliveryId": "d4"}})
        assert (await resubmit(stage)).code == 0
        assert stage.standing["sessions"] == Counter(["s1", "s2", "s3", "s4"])


async def test_a_list_that_is_refused_takes_its_file_along(tmp_path: Path) -> None:
    async with importing(tmp_path, {"sessions.csv": SESSIONS}) as stage:
        await stage.run(**DROP)
        mend(rejects(stage, "sessions.csv"), {4: {"session_deliveryId": "d3"}})
        source = stage.folder / "sessions.csv"
        source.write_text(source.read_text() + f"\r\nd9,s9,{GROUP}")

        outcome = await resubmit(stage, "sessions.csv")

        assert outcome.code == 3
        assert "its file as it is now has not been sent: run first" in outcome.summary["message"]
        assert len(stage.uploads) == 1, "a changed file is sent by a run, and by nothing else"


async def test_a_mended_row_that_the_remote_refuses_again_stands_in_its_list_again(tmp_path: Path) -> None:
    link = table("user_username,group_name,group_role", f"{MEMBER},{GROUP},GRADER", f"late,{GROUP},GRADER")
    async with importing(tmp_path, {"links.csv": link}) as stage:
        await stage.run(**DROP)
        mend(rejects(stage, "links.csv"), {3: {"user_username": "later"}})

        again = await resubmit(stage)

        assert again.code == 3
        assert [(row["user_username"], row["_rule"]) for row in rows_of(rejects(stage, "links.csv"))] == [
            ("later", "refused")
        ]
        stage.remote.portal.users["latest"] = dict(stage.remote.portal.users[MEMBER])
        mend(rejects(stage, "links.csv"), {3: {"user_username": "latest"}})
        assert (await resubmit(stage)).code == 0
        assert stage.standing["links"] == Counter([f"{MEMBER} {GROUP} GRADER", f"latest {GROUP} GRADER"])
        assert not rejects(stage, "links.csv").exists()


async def test_a_file_with_the_longest_name_is_mended_like_any_other(tmp_path: Path) -> None:
    name = f"{'a' * 251}.csv"
    async with importing(tmp_path, {name: SESSIONS}) as stage:
        await stage.run(**DROP)
        mend(rejects(stage, name), {4: {"session_deliveryId": "d3"}, 5: {"session_deliveryId": "d4"}})

        assert (await resubmit(stage)).code == 0
        assert stage.standing["sessions"] == Counter(["s1", "s2", "s3", "s4"])


async def test_of_a_file_that_grew_in_parts_the_mended_row_goes_alone(tmp_path: Path) -> None:
    parts = {"target__part_rows": 2}
    rows = [f"d{n},s{n},{GROUP}" for n in (1, 2, 3)] + [f",s4,{GROUP}", f"d5,s5,{GROUP}"]
    async with importing(tmp_path, {"sessions.csv": table(SESSIONS.partition("\r\n")[0], *rows)}) as stage:
        assert (await stage.run(**DROP, **parts)).code == 3
        source = stage.folder / "sessions.csv"
        source.write_text(source.read_text() + f"\r\nd6,s6,{GROUP}", newline="")
        assert (await stage.run(**DROP, **parts)).ends == {"found": 1, "done": 1}
        assert lines_in(rejects(stage, "sessions.csv")) == [5]
        mend(rejects(stage, "sessions.csv"), {5: {"session_deliveryId": "d4"}})

        outcome = await resubmit(stage, **parts)

        assert (outcome.code, outcome.ends) == (0, {"found": 1, "done": 1}), outcome.err
        assert stage.standing["sessions"] == Counter(f"s{n}" for n in range(1, 7))


async def test_what_a_person_abandoned_does_not_go_again_with_the_rest_of_its_list(tmp_path: Path) -> None:
    lost = Fault(endpoint="upload", kind="drop_after", nth=2)
    async with importing(tmp_path, {"sessions.csv": SESSIONS}, lost) as stage:
        await stage.run(**DROP)
        mend(rejects(stage, "sessions.csv"), {4: {"session_deliveryId": "d3"}})
        assert (await resubmit(stage)).code == 4
        assert stage.states == {"sessions.csv": "in_doubt"}
        assert (await stage.call("resolve", "sessions.csv", "--abandon")).code == 0
        mend(rejects(stage, "sessions.csv"), {5: {"session_deliveryId": "d4"}})

        early = await resubmit(stage)
        assert (early.code, early.ends) == (5, {"found": 1, "unsent": 1})
        assert "may still arrive late" in stage.told(early)["sessions.csv"]["cause"]
        a_while_later(stage)
        late = await resubmit(stage)

        assert late.ends == {"found": 1, "done": 1}
        assert stage.standing["sessions"] == Counter(["s1", "s2", "s3", "s4"]), "each once"


async def test_an_abandoned_part_of_mended_rows_does_not_go_again_with_the_rest(tmp_path: Path) -> None:
    one_by_one = {"target__part_rows": 1, "limits__uploads": 1}
    rows = (f"d1,s1,{GROUP}", *(f",s{n},{GROUP}" for n in (2, 3, 4)))
    lost = Fault(endpoint="upload", kind="drop_after", nth=2)
    async with importing(tmp_path, {"sessions.csv": table(SESSIONS.partition("\r\n")[0], *rows)}, lost) as stage:
        await stage.run(**DROP, **one_by_one)
        mend(rejects(stage, "sessions.csv"), {n + 1: {"session_deliveryId": f"d{n}"} for n in (2, 3)})
        assert (await resubmit(stage, **one_by_one)).code == 4
        doubted = next(line.name for line in stage.ledger if line.state == "in_doubt")
        assert (await stage.call("resolve", doubted, "--abandon")).code == 0
        assert (await stage.run(**DROP, **one_by_one)).code == 3
        a_while_later(stage)
        mend(rejects(stage, "sessions.csv"), {5: {"session_deliveryId": "d4"}})

        outcome = await resubmit(stage, **one_by_one)

        assert outcome.ends == {"found": 1, "done": 1}, outcome.err
        assert stage.standing["sessions"] == Counter(["s1", "s2", "s3", "s4"]), "each once"
        told = [row["_message"] for row in rows_of(rejects(stage, "sessions.csv"))]
        assert len(told) == 2
        assert all("was abandoned and may have arrived: look there before you resubmit it" in each for each in told)


async def test_the_rows_of_a_file_that_was_abandoned_whole_do_not_go_with_its_mended_ones(tmp_path: Path) -> None:
    lost = Fault(endpoint="upload", kind="drop_after")
    async with importing(tmp_path, {"sessions.csv": SESSIONS}, lost) as stage:
        assert (await stage.run(**DROP)).code == 4
        await stage.call("resolve", "sessions.csv", "--abandon")
        a_while_later(stage)
        mend(rejects(stage, "sessions.csv"), {4: {"session_deliveryId": "d3"}})

        outcome = await resubmit(stage)

        assert outcome.code == 3
        remedy = "run with --retry-failed first, which sends again what a person abandoned"
        assert f"version 1 of its file has failed: {remedy}" in outcome.summary["message"]
        assert stage.standing["sessions"] == Counter(["s1", "s2"])
