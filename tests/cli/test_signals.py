"""SIGINT and SIGTERM in the middle of a run: what is under way reaches the ledger, nothing new begins."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from cli.checker import require_all_done
from cli.early import MOMENTS
from cli.forks import fork
from cli.program import AFRESH, attended, environment
from cli.rosters import plain_rosters, roster
from cli.stage import held, scripted, staged

ROSTERS = plain_rosters(5)
HELD = (held("upload", name="f00"), held("upload", "hold_after", name="f01"))
ASKED = "waiting for the uploads under way"
RUN_AGAIN = "un the same command again"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
async def test_a_signal_lets_uploads_reach_the_ledger_begins_nothing_new_and_can_be_taken_up(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    async with staged(tmp_path, ROSTERS, scripted(*HELD)) as stage:
        async with stage.start("run", "--json", by=AFRESH, limits__uploads=2) as program:
            await stage.remote.until_held(2)
            program.send(number)
            await program.until_said(ASKED)
            stage.remote.release()
            await program.wait()
        stopped = program.outcome()

        assert stopped.code == code
        assert stopped.ends == {"found": 5, "waiting": 2, "unsent": 3}
        assert RUN_AGAIN in stopped.summary["message"]
        assert RUN_AGAIN in stopped.err
        assert sorted(entry["name"] for entry in stage.uploads) == ["f00", "f01"]
        under_way = {job.name: job for job in stage.ledger if job.state == "waiting"}
        tokens = {name: dataset.token for name, dataset in stage.remote.datasets.items()}
        assert {name: job.token for name, job in under_way.items()} == tokens

        outcome = await stage.run()

        assert outcome.code == 0
        assert outcome.ends == {"found": 3, "adopted": 2, "done": 5}
        assert len(stage.uploads) == 5
        require_all_done(stage, ROSTERS)


async def test_a_second_signal_ends_it_at_once_and_it_can_be_taken_up(tmp_path: Path) -> None:
    async with staged(tmp_path, ROSTERS, scripted(*HELD)) as stage:
        async with stage.start("run", "--json", limits__uploads=2, target__sole_writer=True) as program:
            await stage.remote.until_held(2)
            program.send(signal.SIGTERM)
            await program.until_said(ASKED)
            program.send(signal.SIGINT)
            await program.wait()
        stopped = program.outcome()

        assert stopped.code == 130
        assert RUN_AGAIN in stopped.json["message"]
        assert len(stage.remote.held) == 2
        assert set(stage.states.values()) == {"sending"}
        stage.remote.release()
        await stage.until(lambda: len(stage.uploads) == 2)
        outcome = await stage.run(target__sole_writer=True)

        assert outcome.code == 0
        require_all_done(stage, ROSTERS)


@pytest.mark.parametrize(("sole_writer", "state"), [(False, "in_doubt"), (True, "ready")])
async def test_an_upload_that_outlasts_the_grace_is_in_doubt_or_may_be_sent_again(
    tmp_path: Path, sole_writer: bool, state: str
) -> None:
    settings = {"limits__grace": 0.2, "target__sole_writer": sole_writer}
    async with staged(tmp_path, ROSTERS[:1], scripted(HELD[0])) as stage:
        async with stage.start("run", "--json", **settings) as program:
            await stage.remote.until_held()
            program.send(signal.SIGTERM)
            await program.wait()
        stopped = program.outcome()

        assert stopped.code == 143
        assert stopped.ends == {"found": 1, "in_doubt" if state == "in_doubt" else "unsent": 1}
        (job,) = stage.ledger
        assert job.state == state
        assert "stopped before the answer came" in job.cause
        assert stopped.summary["rows"]["data"]["unknown"] == 3


async def test_a_signal_while_it_polls_keeps_what_was_accepted(tmp_path: Path) -> None:
    async with staged(tmp_path, ROSTERS[:2], scripted(held("poll", times=2))) as stage:
        async with stage.start("run", "--json") as program:
            await stage.remote.until_held(2)
            program.send(signal.SIGTERM)
            await program.wait()
        stopped = program.outcome()

        assert stopped.code == 143
        assert stopped.ends == {"found": 2, "waiting": 2}
        assert set(stage.states.values()) == {"waiting"}


async def test_a_signal_while_it_waits_for_the_lock_ends_it_with_one_json_object(tmp_path: Path) -> None:
    async with staged(tmp_path, ROSTERS[:1], scripted(HELD[0])) as stage:
        async with stage.start("run") as first:
            await stage.remote.until_held()
            async with stage.start("run", "--json", "--wait", "60") as second:
                await second.until_said("waiting_for_the_lock")
                second.send(signal.SIGTERM)
                await second.wait()
            stage.remote.release()
            await first.wait()

        assert first.outcome().code == 0
        assert second.outcome().code == 143
        assert second.outcome().json["message"]


async def test_two_signals_end_it_at_once_although_its_longest_duration_came_first(tmp_path: Path) -> None:
    async with staged(tmp_path, [roster("2024-01-01.csv")], scripted(held("upload"))) as stage:
        days = ("--since", "2024-01-01", "--until", "2024-01-01", "--max-duration", "1")
        async with stage.start("backfill", "inbox", "--json", *days, limits__grace=40) as program:
            await stage.remote.until_held()
            with anyio.move_on_after(1.2):
                await program.wait()
            assert not program.has_ended, "the upload under way has its grace"
            program.send(signal.SIGTERM)
            await program.until_said(ASKED)
            program.send(signal.SIGTERM)
            with anyio.move_on_after(10):
                await program.wait()
            assert program.has_ended, "once more to leave at once"

        assert program.outcome().code == 143
        assert program.outcome().json


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
async def test_a_signal_before_anybody_listens_ends_it_with_its_code_and_one_json_object(
    tmp_path: Path, moment: str, number: signal.Signals, code: int
) -> None:
    async with staged(tmp_path, ROSTERS[:1]) as stage:
        process = await fork(
            ["run", "--json", "-c", str(stage.config)],
            cwd=tmp_path,
            env=environment(**stage.secrets),
            prepare="cli.early",
            given={"moment": moment, "number": number},
        )
        async with attended(process) as program:
            await program.wait()
        stopped = program.outcome()

        assert stopped.code == code
        assert "run the same command again" in stopped.json["message"]
        assert stage.remote.record.of("upload") == []


def test_a_signal_while_the_modules_load_ends_it_in_silence() -> None:
    struck = (
        "import os, signal, sys\n"
        "from orchestrator.__main__ import main\n"
        "class Struck:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'click':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Struck())\n"
        "main()\n"
    )
    ended = subprocess.run([sys.executable, "-c", struck], capture_output=True, check=False)

    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, b"", b"")
