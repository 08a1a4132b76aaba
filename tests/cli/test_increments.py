"""Each version of a file holds new rows only: what is not sent of one is in none of the next, and is not lost."""

from __future__ import annotations

import signal
import socket
from contextlib import closing
from pathlib import Path

from crash.scene import make_new
from crash.starts import start

from cli.mending import lines_in, mend
from cli.program import Outcome
from cli.pushes import pushing
from cli.stage import Stage

SCHEMA = 'name = "people"\n[[fields]]\nname = "id"\n[[fields]]\nname = "age"\ntype = "integer"\n'
FIRST = "id,age\r\n1,10\r\n2,x\r\n3,y"
SECOND = "id,age\r\n4,40"


def settings(stage: Stage) -> dict[str, object]:
    (stage.root / "people.toml").write_text(SCHEMA)
    return {
        "target__id": "here",
        "validation__schema": "people.toml",
        "validation__on_bad_rows": "drop_rows",
        "target__increments": "true",
    }


def dead_end() -> dict[str, object]:
    """A remote that is down."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        return {"target__base_url": f"http://127.0.0.1:{free.getsockname()[1]}"}


async def night(stage: Stage, text: str, **others: object) -> Outcome:
    (stage.folder / "people.csv").write_text(text, newline="")
    return await stage.run(**{**settings(stage), **others})


def rejects(stage: Stage) -> Path:
    return stage.out / "rejects" / "people.csv"


async def test_the_list_of_a_version_is_kept_when_the_next_one_comes(tmp_path: Path) -> None:
    async with pushing(tmp_path, {}) as stage:
        assert (await night(stage, FIRST)).code == 3
        listed = rejects(stage).read_bytes()

        second = await night(stage, SECOND)

        assert (second.code, second.ends) == (3, {"found": 1, "done": 1})
        assert (stage.out / "edited" / "1" / "people.csv").read_bytes() == listed
        assert not rejects(stage).exists()
        told = "its file holds other rows now, and those of the list are not at the remote. It lies in"
        assert f"{told} out/edited/1/people.csv: mend them, and put them into a file of their own" in second.err
        assert (await stage.run(**settings(stage))).code == 0
        assert sorted(stage.standing) == ["1", "4"]


async def test_each_list_is_kept_beside_that_of_the_next(tmp_path: Path) -> None:
    async with pushing(tmp_path, {}) as stage:
        kept = []
        for text in (FIRST, f"{SECOND}\r\n5,z", "id,age\r\n6,60"):
            await night(stage, text)
            kept.append(rejects(stage).read_bytes() if rejects(stage).exists() else b"")

        assert [(stage.out / "edited" / nth / "people.csv").read_bytes() for nth in ("1", "2")] == kept[:2]
        assert kept[2] == b""


async def test_a_list_that_was_sent_back_whole_leaves_nothing_to_keep(tmp_path: Path) -> None:
    async with pushing(tmp_path, {}) as stage:
        await night(stage, FIRST)
        mend(rejects(stage), {3: {"age": "20"}, 4: {"age": "30"}})
        assert (await stage.call("resubmit", "--json", **settings(stage))).code == 0

        assert (await night(stage, SECOND)).code == 0

        assert not (stage.out / "edited").exists()
        assert sorted(stage.standing) == ["1", "2", "3", "4"]


async def test_rows_that_were_mended_and_not_sent_before_the_next_version_came_are_told(tmp_path: Path) -> None:
    async with pushing(tmp_path, {}) as stage:
        await night(stage, FIRST)
        mend(rejects(stage), {3: {"age": "20"}}, only=True)
        down = await stage.call("resubmit", "--json", **settings(stage), **dead_end())
        assert down.code == 5

        second = await night(stage, SECOND)

        assert second.code == 3, second.err
        assert second.ends == {"found": 1, "adopted": 1, "done": 1, "superseded": 1}
        cause = "send them as a file of their own; what was mended of them lies in mended/"
        assert cause in second.err
        assert (await stage.run(**settings(stage))).code == 0


async def test_so_is_a_version_that_was_not_sent_at_all(tmp_path: Path) -> None:
    async with pushing(tmp_path, {}) as stage:
        assert (await night(stage, SECOND, **dead_end())).code == 5

        after = await night(stage, "id,age\r\n5,50")

        assert (after.code, after.ends) == (3, {"found": 1, "adopted": 1, "done": 1, "superseded": 1})
        assert "its rows are in no later version" in after.err


async def test_lines_in_a_list_are_those_of_its_own_version(tmp_path: Path) -> None:
    async with pushing(tmp_path, {}) as stage:
        await night(stage, FIRST)
        await night(stage, f"{SECOND}\r\n5,z")
        assert lines_in(rejects(stage)) == [3]
        mend(rejects(stage), {3: {"age": "50"}})

        assert (await stage.call("resubmit", "--json", **settings(stage))).code == 0

        assert sorted(stage.standing) == ["1", "4", "5"]


async def test_a_list_that_somebody_mended_and_did_not_send_back_is_told_like_any_other(tmp_path: Path) -> None:
    async with pushing(tmp_path, {}) as stage:
        await night(stage, FIRST)
        mend(rejects(stage), {3: {"age": "20"}})

        second = await night(stage, f"{SECOND}\r\n5,z")

        assert second.code == 3
        assert "out/edited/1/people.csv: mend them, and put them into a file of their own" in second.err
        assert "take over what is still wanted" not in second.err


async def test_mended_rows_of_a_resubmit_that_was_killed_at_once_are_told_by_the_next_version(tmp_path: Path) -> None:
    make_new(tmp_path / "scene")
    async with pushing(tmp_path / "scene", {}) as stage:
        await night(stage, FIRST)
        mend(rejects(stage), {3: {"age": "20"}, 4: {"age": "30"}})
        moment = "before the commit of Checked+SendStarted"
        struck, _ = await start(stage, moment, command=("resubmit",), speed=1.0, **settings(stage))
        assert struck.code == -signal.SIGKILL

        second = await night(stage, SECOND)

        assert (second.code, second.ends) == (3, {"found": 1, "done": 1})
        told = (
            "not all of these mended rows of an earlier version were sent: put what is missing into a file of its own"
        )
        assert "out/mended/people.csv~" in second.summary["message"]
        assert told in second.summary["message"]
        assert (await stage.run(**settings(stage))).code == 0
