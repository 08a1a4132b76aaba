"""The commands beside `run`: each says what it was asked for, and ends with the right code."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from cli.ledger import events_of, read_ledger
from cli.program import call, environment, running
from cli.rosters import plain_rosters, roster, write_all
from cli.stage import Stage, held, scripted, staged
from orchestrator.config import load
from orchestrator.sandbox import Fault

COMMANDS = (
    *("run", "backfill", "resubmit", "validate", "inspect", "schema", "status", "resolve", "check", "session", "pull"),
    *("sandbox", "demo"),
)


async def test_help_names_every_command_and_every_exit_code(tmp_path: Path) -> None:
    outcome = await call("--help", cwd=tmp_path)

    assert outcome.code == 0
    said = outcome.out.decode()
    assert all(re.search(rf"^  {command} ", said, re.MULTILINE) for command in COMMANDS)
    assert all(code in said for code in ("75", "77", "130 / 143"))
    assert not outcome.err


def test_rich_is_imported_only_where_a_terminal_shows_progress(tmp_path: Path) -> None:
    write_all(tmp_path / "inbox", [roster("clean.csv")])
    text = (
        "import sys\n"
        "from orchestrator.__main__ import main\n"
        "sys.argv = ['orchestrator', 'validate', 'inbox']\n"
        "try: main()\n"
        "finally: print('structlog' in sys.modules, 'rich' in sys.modules)\n"
    )
    told = subprocess.run([sys.executable, "-c", text], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert told.stdout.splitlines()[-1] == "True False"


# validate


async def test_validate_says_every_problem_with_its_place_and_needs_no_network(tmp_path: Path) -> None:
    rosters = [
        roster("clean.csv"),
        roster("2024/bad.csv", 4, bad=6),
        roster("g.csv", 3, events=2, bad_events=3),
    ]
    write_all(tmp_path / "inbox", rosters)
    outcome = await call("validate", "inbox", cwd=tmp_path)

    assert outcome.code == 3
    places = {line.partition(" (")[0] for line in outcome.out.decode().splitlines()}
    assert places == {
        f"{path}:{line}:{column}: {rule}"
        for path, table in (("2024/bad.csv", rosters[1].data), ("g.events.csv", rosters[2].events))
        for line, column, rule in (table.problems if table else ())
    }
    assert "9 problems in 2 files" in outcome.err
    assert not (tmp_path / "out").exists()


async def test_validate_ends_well_when_there_is_nothing_to_say(tmp_path: Path) -> None:
    write_all(tmp_path / "inbox", plain_rosters(3))
    outcome = await call("validate", "inbox", "--json", cwd=tmp_path)

    assert outcome.json == {
        "exit_code": 0,
        "files": 3,
        "counts": {"error": 0, "warning": 0, "note": 0},
        "not_listed": [],
        "problems": [],
    }


async def test_validate_tells_the_first_problems_of_a_file_and_how_many_more_there_are(tmp_path: Path) -> None:
    write_all(tmp_path / "inbox", [roster("a.csv", bad=1500), roster("b.csv", bad=2)])

    short = await call("validate", "inbox", cwd=tmp_path)
    whole = await call("validate", "inbox", "--all", cwd=tmp_path)
    object_, whole_object = [
        await call("validate", "inbox", "--json", *more, cwd=tmp_path) for more in ((), ("--all",))
    ]

    assert {each.code for each in (short, whole, object_, whole_object)} == {3}
    everything, lines = whole.out.decode().splitlines(), short.out.decode().splitlines()
    count = sum(line.startswith("a.csv:") for line in everything)
    assert (count >= 1500, lines[:100]) == (True, everything[:100])
    assert lines[100] == f"a.csv: and {count - 100:,} more problems: validate --all tells every one"
    assert lines[101:] == everything[count:]
    assert short.err == whole.err
    assert f"{len(everything):,} problems in 2 files" in short.err
    told, told_whole = object_.json, whole_object.json
    assert told["counts"] == told_whole["counts"] == {"error": len(everything), "warning": 0, "note": 0}
    assert told["not_listed"] == [{"path": "a.csv", "severity": "error", "count": count - 100}]
    assert told_whole["not_listed"] == []
    assert told["problems"] == told_whole["problems"][:100] + told_whole["problems"][count:]
    assert len(told_whole["problems"]) == len(everything)


async def test_validate_notes_the_rows_that_a_mapping_leaves_out_and_counts_no_warning(tmp_path: Path) -> None:
    columns = ("Reference", "StartDate", "StartTime", "EndDate", "EndTime")
    made = "".join(f'[[columns]]\nto = "{name}"\nfrom = "{name}"\n' for name in columns)
    (tmp_path / "m.toml").write_text(f'{made}[[leave_out]]\ncolumn = "Reference"\namong = ["gone"]\n')
    (tmp_path / "inbox").mkdir()
    times = "01/07/2024,09:00,01/07/2024,17:00"
    (tmp_path / "inbox" / "a.csv").write_text(f"{','.join(columns)}\nN1,{times}\ngone,{times}\n")

    outcome = await call("validate", "inbox", "--set", "validation.mapping=m.toml", cwd=tmp_path)

    assert outcome.code == 0
    assert outcome.out.decode() == "a.csv: note: left_out: the mapping takes them out [1 rows]\n"
    assert outcome.err == "validate: 1 files looked at, 0 problems in 0 files\n"


# status and resolve


async def test_what_is_in_doubt_is_shown_first_and_every_verdict_is_acted_on(tmp_path: Path) -> None:
    arrived, lost = ("f01", "f03"), ("f02", "f04")
    faults = [Fault(endpoint="upload", kind="drop_after", name=name) for name in arrived]
    faults += [Fault(endpoint="upload", kind="drop_before", name=name) for name in lost]
    rosters = plain_rosters(5)
    async with staged(tmp_path, rosters, scripted(*faults)) as stage:
        first = await stage.run(limits__uploads=1)  # so that one answer is understood before those that are not
        told = await stage.call("status")
        (tmp_path / "of the night").symlink_to("out")
        elsewhere = await stage.call("status", "-o", "of the night")
        asked = await stage.call("status", "--json")

        assert first.code == 4
        assert first.ends == {"found": 5, "done": 1, "in_doubt": 4}
        assert told.code == 4
        assert "decide with: orchestrator resolve ITEM -o 'of the night' --accepted TOKEN |" in elsewhere.out.decode()
        assert told.out.decode().startswith("in doubt  item ")
        assert re.search(r"^done +1$", told.out.decode(), re.MULTILINE)
        status = asked.json
        assert {item["name"] for item in status["in_doubt"]} == {*arrived, *lost}
        assert all("may have arrived" in item["cause"] for item in status["in_doubt"])
        assert {state: n for state, n in status["counts"].items() if n} == {"done": 1, "in_doubt": 4}

        number = {item["name"]: str(item["item"]) for item in status["in_doubt"]}
        token = stage.remote.datasets["f01"].token
        for verdict in (
            (number["f01"], "--accepted", token),
            ("f02.csv", "--not-accepted"),
            ("f03", "--resend"),
            (number["f04"], "--abandon"),
        ):
            said = await stage.call("resolve", "--json", *verdict)
            assert said.json["exit_code"] == 0
            assert ("--retry-failed" in said.err) == (verdict[1] == "--abandon")
            assert ("the next run" in said.err) == (verdict[1] != "--abandon")
        assert stage.states == {
            "f00.csv": "done",
            "f01.csv": "waiting",
            "f02.csv": "ready",
            "f03.csv": "ready",
            "f04.csv": "failed",
        }
        assert all("Resolved" in events_of(stage.out, f"{name}.csv") for name in (*arrived, *lost))

        sent_before = len(stage.uploads)
        outcome = await stage.run()

        assert outcome.code == 3, "what was abandoned counts as failed"
        assert outcome.summary["files"] | {"done": 3, "failed": 1} == outcome.summary["files"]
        later = {entry["name"]: entry["overwrite"] for entry in list(stage.uploads)[sent_before:]}
        assert later == {"f02": False, "f03": True}
        assert all(dataset.copies == 1 for dataset in stage.remote.datasets.values())
        assert "f04" not in stage.remote.datasets
        assert stage.jobs["f01.csv"].token == token


WRONG = "0c2d0000-0000-4000-8000-000000000001"


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_token_that_was_given_by_mistake_is_taken_back_while_the_item_waits(
    tmp_path: Path, arrived: bool
) -> None:
    lost = Fault(endpoint="upload", kind="drop_after" if arrived else "drop_before")
    async with staged(tmp_path, plain_rosters(1), scripted(lost)) as stage:
        assert (await stage.run()).code == 4
        assert (await stage.call("resolve", "f00.csv", "--accepted", WRONG)).code == 0
        assert stage.jobs["f00.csv"].token == WRONG

        mended = ("--accepted", stage.remote.datasets["f00"].token) if arrived else ("--not-accepted",)
        again = await stage.call("resolve", "f00.csv", *mended)

        assert again.code == 0, again.err
        assert "f00.csv is now waiting" in again.err if arrived else "f00.csv is now ready" in again.err
        assert (await stage.run()).ends == {"adopted": 1, "done": 1}
        assert len(stage.uploads) == (1 if arrived else 2)
        assert stage.remote.datasets["f00"].copies == 1
        assert (await stage.call("resolve", "f00.csv", "--not-accepted")).code == 2


async def test_a_verdict_that_waited_for_a_run_is_about_what_that_run_left(tmp_path: Path) -> None:
    faults = (Fault(endpoint="upload", kind="drop_after"), held("poll"))
    async with staged(tmp_path, plain_rosters(1), scripted(*faults)) as stage:
        await stage.run()
        await stage.call("resolve", "f00.csv", "--accepted", stage.remote.datasets["f00"].token)
        async with stage.start("run") as run:
            await stage.remote.until_held()
            async with stage.start("resolve", "f00.csv", "--not-accepted", "--wait", "60") as late:
                await late.until_said("waiting_for_the_lock")
                stage.remote.release()
                await run.wait()
                await late.wait()

        assert late.outcome().code == 2
        assert "nothing to decide, it is done" in late.outcome().err
        assert stage.states == {"f00.csv": "done"}


async def test_what_the_remote_itself_gave_a_token_for_is_not_reopened_while_it_waits(tmp_path: Path) -> None:
    async with staged(tmp_path, plain_rosters(1), scripted(Fault(endpoint="upload", kind="stuck"))) as stage:

        async def is_refused() -> bool:
            refused = await stage.call("resolve", "f00.csv", "--not-accepted")
            assert stage.states == {"f00.csv": "waiting"}
            return refused.code == 2 and "nothing to decide, it is waiting" in refused.err

        assert (await stage.run(polling__deadline=0.1)).code == 5
        assert await is_refused()

        assert (await stage.run(polling__give_up=0.1)).code == 4
        token = stage.remote.datasets["f00"].token
        assert (await stage.call("resolve", "f00.csv", "--accepted", token)).code == 0
        assert await is_refused(), "nor when a person has said the same"


async def test_a_verdict_on_what_is_not_in_doubt_is_a_mistake_of_usage(tmp_path: Path) -> None:
    async with staged(tmp_path, plain_rosters(1)) as stage:
        await stage.run()
        for arguments, said in (
            (["unheard-of.csv", "--resend"], "no such item"),
            (["f00.csv", "--resend"], "it is done"),
            (["f00.csv", "--resend", "--abandon"], "exactly one"),
        ):
            outcome = await stage.call("resolve", *arguments)

            assert outcome.code == 2
            assert said in outcome.err
        assert stage.states == {"f00.csv": "done"}


async def test_status_looks_on_beside_a_run_and_an_item_in_doubt_keeps_asking_for_a_person(
    tmp_path: Path,
) -> None:
    faults = (held("poll", name="f00"), Fault(endpoint="upload", kind="drop_after", name="f01"))
    async with staged(tmp_path, plain_rosters(2), scripted(*faults)) as stage:
        async with stage.start("run", "--json") as program:
            await stage.remote.until_held()
            await stage.until(lambda: len(stage.uploads) == 2)
            beside = await stage.call("status", "--json")
            stage.remote.release()
            await program.wait()
        again = await stage.run()

        assert beside.json["counts"]["waiting"] == 1
        assert beside.json["oldest_open"]["path"] == "f00.csv"
        assert (program.outcome().code, again.code) == (4, 4)
        assert again.summary["files"]["in_doubt"] == 1
        assert sum(again.summary["requests"].values()) == 0


async def test_status_without_a_ledger_says_which_folder_to_name(tmp_path: Path) -> None:
    outcome = await call("status", "-o", "out", "--json", cwd=tmp_path)

    assert outcome.code == 2
    assert "-o" in outcome.json["message"]


# check


async def test_check_passes_where_everything_stands_ready_and_sends_nothing(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        outcome = await stage.call("check")

        assert outcome.code == 0
        assert outcome.out.decode().count("ok  ") == 5
        assert not stage.uploads
        assert not stage.out.exists()


async def test_check_takes_the_folder_that_a_run_takes(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        (tmp_path / "delivery").mkdir()
        good = await stage.call("check", "delivery")
        wrong = await stage.call("check", "not-there")

        assert good.code == 0
        assert "input folder delivery" in good.out.decode()
        assert wrong.code == 2
        assert "not-there" in wrong.err


def _closed_port() -> str:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def _wrong_secret(stage: Stage) -> dict[str, object]:
    stage.secrets["ORCHESTRATOR_TARGET__CLIENT_SECRET"] = "not the secret"
    return {}


def _wrong_key(stage: Stage) -> dict[str, object]:
    stage.secrets["ORCHESTRATOR_TARGET__API_KEY"] = "not the key"
    return {}


@pytest.mark.parametrize(
    ("spoil", "code", "said"),
    [
        (_wrong_secret, 77, "client secret"),
        (_wrong_key, 77, "API key"),
        (lambda stage: {"target__token_url": f"{stage.remote.base_url}/no/token"}, 2, "target.token_url"),
        (lambda stage: {"target__base_url": f"{stage.remote.base_url}/elsewhere"}, 2, "target.base_url"),
        (lambda _: {"target__token_url": f"{_closed_port()}/connect/token"}, 5, "cannot connect"),
    ],
    ids=["wrong secret", "wrong API key", "wrong token_url", "wrong base_url", "unreachable"],
)
async def test_check_says_what_is_wrong(
    tmp_path: Path, spoil: Callable[[Stage], dict[str, object]], code: int, said: str
) -> None:
    async with staged(tmp_path) as stage:
        outcome = await stage.call("check", "--json", **spoil(stage))

        assert outcome.code == code
        assert said in outcome.json["message"]
        assert len(outcome.err.splitlines()) == 1
        assert not stage.uploads


# sandbox


async def test_a_sandbox_that_cannot_listen_or_write_says_which_of_the_two_and_what_to_name(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        second = await call("sandbox", "--port", port, cwd=tmp_path)
    unwritable = await call("sandbox", "--port", "0", "--log", "nowhere/record.jsonl", cwd=tmp_path)

    assert (second.code, unwritable.code) == (2, 2)
    assert second.err == (
        f"orchestrator: --port {port}: something listens there already. Name another port, or --port 0 for any free "
        "one.\n"
    )
    assert unwritable.err.startswith("orchestrator: --log nowhere/record.jsonl: No such file")


async def test_the_sandbox_says_where_it_is_takes_a_run_and_ends_when_it_is_told(tmp_path: Path) -> None:
    write_all(tmp_path / "inbox", plain_rosters(2))
    async with running("sandbox", "--port", "0", "--log", "record.jsonl", cwd=tmp_path, env=environment()) as sandbox:
        trial = await sandbox.until_printed()
        outcome = await call(
            *("run", "inbox", "--json", "--set", "input.settle=0", "--set", "polling.first=0.02"),
            *(
                "--set",
                f"target.base_url={trial['base_url']}",
                "--set",
                f"target.token_url={trial['token_url']}",
            ),
            *("--set", f"target.client_id={trial['client_id']}"),
            cwd=tmp_path,
            ORCHESTRATOR_TARGET__CLIENT_SECRET=trial["trial_client_secret"],
            ORCHESTRATOR_TARGET__API_KEY=trial["trial_api_key"],
        )
        sandbox.send(signal.SIGTERM)
        code = await sandbox.wait()

    assert code == 0
    assert sandbox.outcome().out.count(b"\n") == 1
    assert outcome.code == 0
    record = [json.loads(line) for line in (tmp_path / "record.jsonl").read_text().splitlines()]
    tokens = {entry["token"] for entry in record if entry["kind"] == "upload"}
    assert tokens == {job.token for job in read_ledger(tmp_path / "out")}


async def test_a_sandbox_that_is_started_again_gives_out_other_tokens_unless_its_seed_is_given(tmp_path: Path) -> None:
    seeds = []
    for options in ([], [], ["--seed", "7"]):
        arguments = ("sandbox", "--port", "0", *options)
        async with running(*arguments, cwd=tmp_path, env=environment()) as sandbox:
            seeds.append((await sandbox.until_printed())["seed"])
            sandbox.send(signal.SIGTERM)
            await sandbox.wait()

    assert seeds[0] != seeds[1]
    assert seeds[2] == 7


# What is said meanwhile


async def test_logs_are_one_line_a_file_or_every_event_or_nothing_but_the_summary(tmp_path: Path) -> None:
    rosters = [roster("a.csv"), roster("b.csv", bad=1)]
    async with staged(tmp_path, rosters) as stage:
        loud = await stage.run("-v", "--log-format", "json")
        plain = await stage.run()
        quiet = await stage.run("-q")

        lines = [json.loads(line) for line in loud.err.splitlines() if line.startswith("{")]
        events = [(line["event"], line["path"]) for line in lines if line["level"] == "debug"]
        assert [event for event, path in events if path == "a.csv"] == [
            "Checked",
            "SendStarted",
            "Accepted",
            "Completed",
        ]
        assert ("Rejected", "b.csv") in events
        assert sorted(line["path"] for line in lines if line["event"] == "file") == ["a.csv", "b.csv"]
        canonical = [line for line in plain.err.splitlines() if " file path=" in line]
        assert len(canonical) == 2
        first, *rest = quiet.err.splitlines()
        assert first.startswith(f"run {quiet.json['run']}: ")
        assert all(line.startswith("  ") for line in rest)


async def test_a_report_survives_paths_that_look_like_formulas_and_terminals(tmp_path: Path) -> None:
    async with staged(tmp_path, [roster("=1+1.csv"), roster("Zoë ✓.csv")]) as stage:
        (stage.folder / "bell\x07\x1b[31m.csv").write_bytes(roster("x.csv").data.source)
        outcome = await stage.run()

        assert outcome.code == 3
        assert outcome.ends == {"found": 3, "done": 2, "rejected": 1}
        assert "\x1b" not in outcome.err
        paths = stage.told(outcome).keys()
        assert {"'=1+1.csv", "Zoë ✓.csv"} < paths
        assert any(path.endswith(r"bell\x07\x1b[31m.csv") for path in paths)
        assert {entry["name"] for entry in stage.uploads} == {"=1+1", "Zoë ✓"}


# what cannot be used


@pytest.mark.parametrize("seconds", ["nan", "inf", "-1", "-inf"])
@pytest.mark.parametrize(
    "command",
    [
        ("run", "inbox", "--wait"),
        ("resolve", "1", "--abandon", "--wait"),
        ("backfill", "inbox", "--since", "2024-01-01", "--until", "2024-01-02", "--max-duration"),
    ],
)
async def test_a_time_that_is_none_or_has_no_end_is_a_mistake_of_usage(
    tmp_path: Path, command: tuple[str, ...], seconds: str
) -> None:
    outcome = await call(*command, seconds, cwd=tmp_path)

    assert outcome.code == 2
    assert command[-1] in outcome.err


async def test_an_output_folder_that_is_a_link_to_itself_is_told(tmp_path: Path) -> None:
    async with staged(tmp_path, plain_rosters(1)) as stage:
        loop = tmp_path / "loop"
        loop.symlink_to(loop)
        for command in (("run", str(stage.folder), "-c", str(stage.config)), ("status",)):
            outcome = await call(*command, "-o", str(loop), cwd=tmp_path, **stage.secrets)

            assert (outcome.code, len(outcome.err.splitlines())) == (2, 1)
            assert f"{loop}: " in outcome.err


async def test_a_pipe_in_the_place_of_the_ledger_or_of_the_configuration_is_told(tmp_path: Path) -> None:
    pipe = tmp_path / "out" / ".orchestrator" / "ledger.sqlite3"
    pipe.parent.mkdir(parents=True)
    os.mkfifo(pipe)
    for command in (("status", "-o", "out"), ("validate", "inbox", "-c", str(pipe))):
        outcome = await call(*command, cwd=tmp_path)

        assert outcome.code == 2
        assert "regular file" in outcome.err


# inspect


async def test_inspect_proposes_settings_that_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_bytes("user_username;user_email\r\nzoë;z@x.org\r\n".encode("cp1252"))

    outcome = await call("inspect", "users.csv", "--set", "target.kind=tao", cwd=tmp_path)

    assert outcome.code == 0
    said = outcome.out.decode()
    assert "kind       tao.users\n" in said
    assert "zo" not in said, "cells are not its subject"
    (tmp_path / "a.toml").write_text(said[said.index("[validation]") :])
    settings = load(tmp_path / "a.toml", environ={})
    assert (settings.validation.encoding, settings.validation.delimiter) == ("cp1252", ";")
    assert settings.validation.schema_names == (), "it would shut out the groups beside the users"


async def test_inspect_says_what_it_cannot_read(tmp_path: Path) -> None:
    outcome = await call("inspect", ".", cwd=tmp_path)

    assert (outcome.code, outcome.out) == (2, b"")
    assert "cannot be read (Is a directory). Name a file." in outcome.err


async def test_validate_shows_rows_only_where_it_is_asked_to(tmp_path: Path) -> None:
    write_all(tmp_path / "inbox", plain_rosters(1))

    silent = await call("validate", "inbox", cwd=tmp_path)
    shown = await call("validate", "inbox", "--explain", cwd=tmp_path)
    both = await call("validate", "inbox", "--explain", "--json", cwd=tmp_path)

    assert silent.out == b""
    assert b"Reference,StartDate,StartTime,EndDate,EndTime" in shown.out
    assert shown.out.count(b"->") == 4, "the header and three rows"
    assert "Reference" not in shown.err
    assert (both.code, "use one of them" in both.err) == (2, True)


async def test_a_schema_that_is_not_known_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    write_all(tmp_path / "inbox", plain_rosters(1))

    outcome = await call("validate", "inbox", "--set", "validation.schema=platfrom", cwd=tmp_path)

    assert outcome.code == 2
    assert "Did you mean platform?" in outcome.err


async def test_inspect_waits_for_no_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")

    outcome = await call("inspect", "pipe.csv", cwd=tmp_path)

    assert outcome.code == 2
    assert "pipe.csv: is no regular file. Name one." in outcome.err
