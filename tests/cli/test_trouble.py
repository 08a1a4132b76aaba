"""Bad circumstances: each ends with its exit code and one message that says what to do."""

from __future__ import annotations

import os
import socket
from contextlib import closing
from pathlib import Path

import pytest

from cli.checker import require_all_done
from cli.program import call
from cli.rosters import plain_rosters, roster, write_all
from cli.stage import Stage, held, scripted, staged
from orchestrator.config import Credentials, Settings
from orchestrator.edges.clock import SystemClock
from orchestrator.edges.http import open_http
from orchestrator.remote import make_target
from orchestrator.targets.platform import Platform

ROSTERS = plain_rosters(3)


async def _mended(stage: Stage) -> None:
    """Nothing was lost: with everything as it should be, the same command finishes."""
    outcome = await stage.run()
    assert outcome.code == 0
    require_all_done(stage, ROSTERS)


async def test_wrong_credentials_stop_the_run_before_anything_is_sent(tmp_path: Path) -> None:
    async with staged(tmp_path, ROSTERS) as stage:
        right = stage.secrets["ORCHESTRATOR_TARGET__CLIENT_SECRET"]
        stage.secrets["ORCHESTRATOR_TARGET__CLIENT_SECRET"] = "not the secret"
        outcome = await stage.run()

        assert outcome.code == 77
        assert "refuses the credentials (invalid_client)" in outcome.summary["message"]
        assert "target.client_id" in outcome.summary["message"]
        assert outcome.ends == {"found": 3, "unsent": 3}
        assert not stage.uploads
        assert len(stage.remote.record.of("token")) == 1

        stage.secrets["ORCHESTRATOR_TARGET__CLIENT_SECRET"] = right
        await _mended(stage)


@pytest.mark.parametrize("slip", [{"target__client_id": "nobody"}, {"target__base_url": "http://127.0.0.1:9"}], ids=str)
async def test_a_slip_in_what_the_remote_is_called_is_mended_in_the_same_output_folder(
    tmp_path: Path, slip: dict[str, str]
) -> None:
    async with staged(tmp_path, ROSTERS) as stage:
        assert (await stage.run(**slip)).code in (5, 77)

        await _mended(stage)


async def test_a_wrong_api_key_stops_the_run_and_nothing_is_taken(tmp_path: Path) -> None:
    async with staged(tmp_path, ROSTERS) as stage:
        stage.secrets["ORCHESTRATOR_TARGET__API_KEY"] = "11111111-0000-4000-8000-000000000000"
        outcome = await stage.run()

        assert outcome.code == 77
        assert "API key" in outcome.summary["message"]
        assert outcome.ends == {"found": 3, "unsent": 3}
        assert not stage.remote.datasets


@pytest.mark.parametrize(
    ("key", "path"), [("target__base_url", "/elsewhere"), ("target__token_url", "/nowhere/connect/token")]
)
async def test_a_wrong_address_is_a_matter_of_configuration(tmp_path: Path, key: str, path: str) -> None:
    async with staged(tmp_path, ROSTERS) as stage:
        outcome = await stage.run(**{key: stage.remote.base_url + path})

        assert outcome.code == 2
        assert key.replace("__", ".") in outcome.summary["message"]
        assert outcome.ends == {"found": 3, "unsent": 3}
        assert not stage.remote.datasets


async def test_a_closed_port_ends_the_run_within_its_tries(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    async with staged(tmp_path, ROSTERS[:1]) as stage:
        outcome = await stage.run(target__base_url=url, target__token_url=f"{url}/connect/token")

        assert outcome.code == 5
        assert "cannot connect (connection refused)" in outcome.summary["message"]
        assert outcome.ends == {"found": 1, "unsent": 1}
        assert outcome.summary["requests"]["retries"] == 4
        assert stage.states == {"f00.csv": "ready"}


async def test_output_that_cannot_be_a_folder_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    async with staged(tmp_path, ROSTERS) as stage:
        stage.out.write_text("a regular file")
        outcome = await stage.run()

        assert outcome.code == 2
        assert "(-o)" in outcome.json["message"]
        assert not stage.remote.record.entries


@pytest.mark.parametrize("name", ["rejects", "results", "runs", ".orchestrator"])
async def test_what_stands_where_a_folder_of_the_output_must_be_is_named(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path, [roster("dirty.csv", 2, bad=1)]) as stage:
        stage.out.mkdir()
        (stage.out / name).write_text("a regular file")
        outcome = await stage.run(validation__on_bad_rows="drop_rows")

        assert outcome.code == 2
        assert outcome.json["message"].startswith(f"out/{name}: a folder must be there")
        (stage.out / name).unlink()
        assert (await stage.run(validation__on_bad_rows="drop_rows")).code == 3
        assert len(stage.uploads) == 1


async def test_the_addresses_of_the_example_are_asked_for_nothing(tmp_path: Path) -> None:
    async with staged(tmp_path, ROSTERS) as stage:
        for command in ("run", "check"):
            outcome = await stage.call(command, target__token_url="https://identity.example.com/connect/token")

            assert outcome.code == 2
            assert "target.token_url: is that of the example" in outcome.err
        assert not stage.remote.record.entries


async def test_a_host_whose_name_only_ends_like_that_of_the_example_is_one_like_any_other(tmp_path: Path) -> None:
    addresses = {"base_url": "https://bestexample.com", "token_url": "https://identity.bestexample.com/token"}
    secrets = Credentials(client_id="id", client_secret="canary", api_key="canary")
    async with open_http(tmp_path) as http:
        target = make_target(Settings.model_validate({"target": addresses}), secrets, http, SystemClock())

    assert isinstance(target, Platform)


@pytest.mark.parametrize("words", [("run", ""), ("run", "inbox", "-o", ""), ("status", "-o", ""), ("validate", "")])
async def test_an_empty_word_is_not_the_current_folder(tmp_path: Path, words: tuple[str, ...]) -> None:
    write_all(tmp_path / "inbox", ROSTERS)

    outcome = await call(*words, cwd=tmp_path)

    assert outcome.code == 2
    assert '"" is no place' in outcome.err
    assert os.listdir(tmp_path) == ["inbox"]


async def test_a_file_size_limit_below_the_ledger_stops_the_run_before_anything_is_sent(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path, ROSTERS) as stage:
        limited = ("prlimit", f"--fsize={512 << 10}")
        outcome = await stage.call("run", "--json", by=limited)

        assert outcome.code == 5
        assert "Make room" in outcome.json["message"]
        assert not stage.remote.record.entries
        await _mended(stage)


async def test_an_empty_folder_looks_like_a_delivery_that_failed(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        outcome = await stage.run()
        allowed = await stage.run(input__minimum=0)

        assert (outcome.code, allowed.code) == (3, 0)
        assert "inbox: fewer files were found than input.minimum" in outcome.summary["message"]
        assert "input.pattern (**/*.csv)" in outcome.summary["message"]
        assert not stage.remote.record.entries


async def test_of_two_runs_at_once_the_second_is_turned_away_or_waits(tmp_path: Path) -> None:
    async with staged(tmp_path, ROSTERS, scripted(held("upload"))) as stage:
        async with stage.start("run", "--json") as first:
            await stage.remote.until_held()
            refused = await stage.run()
            async with stage.start("run", "--json", "--wait", "60") as patient:
                await patient.until_said("waiting_for_the_lock")
                stage.remote.release()
                await patient.wait()
            await first.wait()

        assert refused.code == 75
        assert "--wait" in refused.json["message"]
        assert first.outcome().ends == {"found": 3, "done": 3}
        assert patient.outcome().ends == {"found": 3, "skipped": 3}
        assert (first.outcome().code, patient.outcome().code) == (0, 0)
        assert len(stage.uploads) == 3


@pytest.mark.parametrize(
    ("config", "arguments", "variables", "said"),
    [
        ("[target\nid = 1", ["inbox"], {}, ["orchestrator.toml", "not valid TOML", "line 1"]),
        ("[limits]\nuplods = 3", ["inbox"], {}, ["limits.uplods", "Did you mean limits.uploads?"]),
        ("", ["inbox", "--set", "limits.uploads=many"], {}, ["limits.uploads", "whole number"]),
        ("", ["inbox"], {"ORCHESTRATOR_TARGET__KIN": "x"}, ["ORCHESTRATOR_TARGET__KIN", "not a known key"]),
        (
            '[target]\nclient_id = "me"',
            ["inbox"],
            {},
            ["ORCHESTRATOR_TARGET__CLIENT_SECRET", "ORCHESTRATOR_TARGET__API_KEY"],
        ),
        (
            '[target]\nclient_id = "me"',
            ["not-there"],
            {"ORCHESTRATOR_TARGET__CLIENT_SECRET": "s", "ORCHESTRATOR_TARGET__API_KEY": "k"},
            ["input.folder", "not-there"],
        ),
        (None, ["inbox"], {}, ["target.client_id", "ORCHESTRATOR_TARGET__CLIENT_ID"]),
    ],
    ids=["malformed", "unknown key", "wrong type", "unknown variable", "no secrets", "no folder", "no -c"],
)
async def test_a_mistake_in_the_configuration_is_named_with_its_key_and_its_remedy(
    tmp_path: Path, config: str | None, arguments: list[str], variables: dict[str, str], said: list[str]
) -> None:
    (tmp_path / "inbox").mkdir()
    options = []
    if config is not None:
        (tmp_path / "orchestrator.toml").write_text(config)
        options = ["-c", "orchestrator.toml"]
    outcome = await call("run", "--json", *arguments, *options, cwd=tmp_path, **variables)

    assert outcome.code == 2
    message = outcome.json["message"]
    assert all(part in message for part in said), message
    assert all(line.removeprefix("orchestrator: ") in message for line in outcome.err.splitlines())
    assert not (tmp_path / "out").exists()


SLIPS = """
[limits]
uploads = 0
[target]
client_id = "me"
ca_file = "no.pem"
[validation]
schema = "no.toml"
events_schema = "neither.toml"
"""


@pytest.mark.parametrize("command", ["run", "check", "resubmit", "backfill"])
async def test_all_that_a_command_needs_of_its_configuration_is_told_at_once(tmp_path: Path, command: str) -> None:
    (tmp_path / "orchestrator.toml").write_text(SLIPS)
    (tmp_path / "no.pem").write_text("no certificate")
    days = ["nowhere", "--since", "2024-01-01", "--until", "2024-01-02"] if command == "backfill" else []
    key = {"ORCHESTRATOR_TARGET__API_KEY": "canary-k"}

    outcome = await call(
        *(command, *days, "--json", "-c", "orchestrator.toml", "--set", "input.folder=nowhere"), cwd=tmp_path, **key
    )

    assert outcome.code == 2
    told = [line.removeprefix("orchestrator.toml: ") for line in outcome.json["message"].splitlines()]
    assert [line.partition(":")[0] for line in told] == [
        "limits.uploads",
        "target.client_secret",
        "target.base_url",
        "target.token_url",
        "target.ca_file",
        "input.folder",
        "validation.schema",
        "validation.events_schema",
    ]
    assert sorted(os.listdir(tmp_path)) == ["no.pem", "orchestrator.toml"]


@pytest.mark.parametrize("kind", ["platform", "tao", "oat"])
async def test_a_schema_and_a_mapping_are_each_looked_at_whatever_else_is_wrong(tmp_path: Path, kind: str) -> None:
    (tmp_path / "orchestrator.toml").write_text(
        f'[target]\nkind = "{kind}"\nshelf = 1\n[validation]\nschema = "no.toml"\nmapping = "neither.toml"\n'
    )

    outcome = await call("validate", "--json", "-c", "orchestrator.toml", cwd=tmp_path)

    told = [line.removeprefix("orchestrator.toml: ") for line in outcome.json["message"].splitlines()]
    keys = [line.partition(":")[0] for line in told]
    assert outcome.code == 2
    assert [keys.count(key) for key in ("validation.schema", "validation.mapping")] == [1, 1]


@pytest.mark.parametrize("text", ["def Stash(", "raise RuntimeError('no')", "raise SystemExit"])
async def test_a_module_of_ones_own_that_cannot_be_run_is_told_with_the_rest(tmp_path: Path, text: str) -> None:
    (tmp_path / "stash.py").write_text(text)
    own = ("--set", "target.kind=stash:Stash", "--set", "target.base_url=http://127.0.0.1:9")

    outcome = await call("run", "--json", *own, "--set", "limits.uploads=0", cwd=tmp_path, PYTHONPATH=str(tmp_path))

    assert outcome.code == 2
    told = [line.partition(":")[0] for line in outcome.json["message"].splitlines()]
    assert told == ["--set limits.uploads", "target.kind", "input.folder", "validation.schema"]


async def test_what_is_missing_to_resubmit_is_told_with_the_rest(tmp_path: Path) -> None:
    own = ("--set", "target.kind=nothing:There", "--set", "target.base_url=http://127.0.0.1:9")

    outcome = await call("resubmit", "--json", *own, cwd=tmp_path)

    assert outcome.code == 2
    told = [line.partition(":")[0] for line in outcome.json["message"].splitlines()]
    assert told == ["target.kind", "input.folder", "validation.schema", "target.replaces"]


@pytest.mark.parametrize("command", [("pull",), ("session", "initiate")])
async def test_a_command_that_only_one_remote_has_asks_for_nothing_of_another(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    other = await call(*command, "--json", "--set", "limits.uploads=0", cwd=tmp_path)
    right = await call(*command, "--json", "--set", "limits.uploads=0", "--set", "target.kind=endgrate", cwd=tmp_path)

    keys = [[line.partition(":")[0] for line in each.json["message"].splitlines()] for each in (other, right)]
    assert keys[0] == ["--set limits.uploads", "target.kind"]
    assert keys[1][:2] == ["--set limits.uploads", "target.api_key"]
    assert "target.endgrate_type" in keys[1]
    assert ("target.session_id" in keys[1]) == (command == ("pull",))


@pytest.mark.parametrize("words", [("validate",), ("schema",), ("inspect", "inbox/f00.csv"), ("status",)])
async def test_a_command_that_signs_in_nowhere_asks_for_no_secret(tmp_path: Path, words: tuple[str, ...]) -> None:
    async with staged(tmp_path, ROSTERS) as stage:
        assert (await stage.run()).code == 0
        stage.secrets = {}
        nowhere = {"target__api_key_file": "/nonexistent", "target__secrets_dir": "/nonexistent"}
        outcome = await stage.call(*words, **nowhere)

        assert outcome.code == 0, outcome.err


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("target__base_url", "https://api.example.com"),
        ("target__token_url", "https://identity.example.com/connect/token"),
        ("target__ca_file", "orchestrator.toml"),
        ("validation__schema", "nothing.toml"),
        ("validation__events_schema", "nothing.toml"),
        ("validation__mapping", "nothing.toml"),
        ("target__kind", "nothing:There"),
        ("target__secrets_dir", "nowhere"),
    ],
)
async def test_a_configuration_that_is_refused_leaves_no_output_folder(tmp_path: Path, key: str, value: str) -> None:
    async with staged(tmp_path, ROSTERS) as stage:
        outcome = await stage.run(**{key: value})

        assert outcome.code == 2
        assert key.replace("__", ".") in outcome.json["message"]
        assert not stage.out.exists()
        assert not stage.remote.record.entries


@pytest.mark.parametrize(
    ("doing", "told"),
    [("raise ValueError('no shelf')", "(ValueError: no shelf)"), ("return int(setup.api_key)", "(ValueError)")],
    ids=["refuses its options", "repeats a secret"],
)
async def test_a_target_of_ones_own_that_cannot_be_made_leaves_no_output_folder_and_tells_no_secret(
    tmp_path: Path, doing: str, told: str
) -> None:
    (tmp_path / "fussy.py").write_text(f"def Fussy(setup):\n    {doing}\n")
    settings = {"target__kind": "fussy:Fussy", "validation__schema": "platform.data"}
    async with staged(tmp_path, ROSTERS) as stage:
        stage.config.write_text(stage.config.read_text().replace("token_url", "#"))
        stage.secrets["PYTHONPATH"] = str(tmp_path)
        outcome = await stage.run(**settings)

        assert outcome.code == 2
        assert f"cannot be made {told}. Install" in outcome.json["message"]
        assert stage.secrets["ORCHESTRATOR_TARGET__API_KEY"] not in outcome.err + outcome.out.decode()
        assert not stage.out.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--json", "--no-such-option"],
        ["backfill", "inbox", "--json", "--since", "2024-02-01", "--until", "2024-01-01"],
    ],
    ids=["unknown option", "days the wrong way round"],
)
async def test_a_mistake_on_the_command_line_is_told_like_every_other(tmp_path: Path, arguments: list[str]) -> None:
    outcome = await call(*arguments, cwd=tmp_path)

    assert outcome.code == 2
    assert outcome.err
    assert outcome.json["message"]


@pytest.mark.parametrize("stderr", [">&-", ">/dev/full"])
async def test_a_log_that_cannot_be_written_fails_no_file(tmp_path: Path, stderr: str) -> None:
    async with staged(tmp_path, ROSTERS) as stage:
        outcome = await stage.call("run", by=("sh", "-c", f'exec "$@" 2{stderr}', "sh"))

        assert outcome.code == 0
        require_all_done(stage, ROSTERS)


async def test_a_reader_that_goes_away_does_not_change_what_the_exit_code_says(tmp_path: Path) -> None:
    async with staged(tmp_path, [*ROSTERS, roster("bad.csv", bad=1)]) as stage:
        closed = ("sh", "-c", 'exec "$@" >&-', "sh")
        deaf = ("sh", "-c", '{ "$@"; echo "code $?" >&2; } | true', "sh")
        outcomes = [await stage.call("run", "--json", by=by) for by in (closed, deaf)]

        assert outcomes[0].code == 3
        assert outcomes[1].err.splitlines()[-1] == "code 3"
