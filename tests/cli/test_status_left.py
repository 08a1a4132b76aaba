"""`status` counts the lists of rejects that lie there."""

from __future__ import annotations

from pathlib import Path

from cli.pushes import people, pushing
from cli.stage import Stage


async def lines_of(stage: Stage) -> list[str]:
    return (await stage.call("status")).out.decode().splitlines()


async def test_lists_and_their_rows_are_counted_as_long_as_they_lie_there(tmp_path: Path) -> None:
    files = {
        "a.csv": f"{people(1, 2)}\r\nragged\r\nragged",
        "b.csv": f"{people(5, 1)}\r\nragged",
        "c.csv": people(7, 1),
    }
    async with pushing(tmp_path, files) as stage:
        await stage.run(validation__on_bad_rows="drop_rows")
        outcome, told = await stage.call("status", "--json"), await lines_of(stage)
        for name in ("a.csv", "b.csv"):
            (stage.out / "rejects" / name).unlink()
        without, told_without = await stage.call("status", "--json"), await lines_of(stage)

    assert outcome.json["lists"] == {"count": 2, "rows": 3}
    assert "lists             2  in out/rejects with 3 rows: mend them there, and send them back with resubmit" in told
    assert without.json["lists"] == {"count": 0, "rows": 0}
    assert not any(line.startswith("lists") for line in told_without)
