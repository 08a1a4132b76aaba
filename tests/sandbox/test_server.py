"""Starting, announcing, recording and ending."""

from __future__ import annotations

import json
import signal
import sys
import urllib.error
import urllib.request
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from orchestrator.sandbox import PROFILES, TRIAL_CLIENT_ID, TRIAL_CLIENT_SECRET, announce, serve
from sandbox.visitor import INSTANT, visit

HAS = {"tao": {"imports", "portal"}, "endgrate": {"transfers", "provider"}}

PROGRAM = """
import json, sys, anyio
from pathlib import Path
from orchestrator.sandbox import PROFILES, run_forever
tell = lambda told: print(json.dumps(told), flush=True)
anyio.run(run_forever, PROFILES["null"], 0, Path(sys.argv[1]), 1, tell)
"""


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
async def test_only_loopback_is_listened_on(host: str) -> None:
    with pytest.raises(ValueError, match="loopback only"):
        async with serve(host=host):
            pass


async def test_one_port_serves_both_addresses_and_is_announced_without_a_secret() -> None:
    async with serve() as sandbox:
        told = announce(sandbox)

    assert told["base_url"] == f"http://127.0.0.1:{told['port']}"
    assert told["token_url"] == f"{told['base_url']}/connect/token"
    assert told["client_id"] == TRIAL_CLIENT_ID
    assert TRIAL_CLIENT_SECRET not in json.dumps(told)


@pytest.mark.parametrize("api", ["tao", "endgrate"])
async def test_a_sandbox_has_only_what_its_api_has(api: str) -> None:
    async with serve(INSTANT, api) as sandbox:
        for what in {"datasets", "imports", "portal", "transfers", "provider"} - HAS[api]:
            with pytest.raises(TypeError, match="this sandbox is no"):
                getattr(sandbox, what)
        assert all(hasattr(sandbox, what) for what in HAS[api])
        assert bool(sandbox.token_url) is (api == "tao")


async def test_two_sandboxes_know_nothing_of_each_other() -> None:
    async with visit() as one, visit() as other:
        await one.upload()

        assert (list(one.sandbox.datasets), list(other.sandbox.datasets)) == (["night"], [])


async def test_every_line_of_the_log_is_there_before_the_answer(tmp_path: Path) -> None:
    log = tmp_path / "record.jsonl"
    async with visit(log=log) as visitor:
        token = (await visitor.upload()).text
        await visitor.ask(token)
        await visitor.ask(token, "feedback")
        lines = [json.loads(line) for line in log.read_text().splitlines()]

        assert lines == list(visitor.sandbox.record.entries)
    assert [line["kind"] for line in lines] == ["token", "upload", "poll", "result"]
    assert [line["seq"] for line in lines] == [1, 2, 3, 4]


async def test_the_memory_of_the_record_can_be_bounded() -> None:
    async with visit(INSTANT, keep=2) as visitor:
        for number in range(5):
            await visitor.upload(Name=str(number))

        assert [entry["name"] for entry in visitor.sandbox.record.entries] == ["3", "4"]
        assert visitor.last()["seq"] == 6


def test_the_null_profile_does_nothing_but_what_it_must() -> None:
    null = PROFILES["null"]

    assert (null.latency, null.job_base, null.job_per_row, null.job_spread) == ((0.0, 0.0), 0.0, 0.0, 0.0)
    assert (null.slots, null.validation, null.result_ids) == (None, "off", "one")


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_as_a_process_it_announces_itself_and_ends_cleanly_at_a_signal(tmp_path: Path, sign: int) -> None:
    log = tmp_path / "record.jsonl"
    with Popen([sys.executable, "-c", PROGRAM, str(log)], stdout=PIPE, stderr=PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            told = json.loads(process.stdout.readline())
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"{told['base_url']}/api/GetResults?key=a-key")
            refused.value.close()
            assert (refused.value.code, told["pid"]) == (401, process.pid)
            process.send_signal(sign)
            assert process.wait(timeout=20) == 0
            assert process.stderr.read() == ""
        finally:
            process.kill()
    assert json.loads(log.read_text())["status"] == 401
    assert "a-key" not in log.read_text()
