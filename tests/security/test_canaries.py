"""Secrets go over the wire and nowhere else, whatever breaks, however talkative, and without any filter (S-4, S-22)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import structlog

from cli.leaks import BEARER, bearers, forms, leaks
from cli.rosters import EVENTS_HEADER, HEADER, Roster, Table
from orchestrator.edges import http
from orchestrator.edges.http import Http
from orchestrator.edges.inbox import FolderInbox
from orchestrator.edges.ledger import SqliteLedger
from orchestrator.edges.log import set_up_logs
from orchestrator.edges.output import ResultsFolder
from orchestrator.edges.report import Report
from orchestrator.sandbox import TRIAL_API_KEY, TRIAL_CLIENT_ID, TRIAL_CLIENT_SECRET, Profile
from orchestrator.targets.platform import Platform
from security.program import Program, program

CELLS = ("Canary Bird-4711", "Canary Song-4712", "Canary Egg-4713")
GOOD, DESCRIPTION, BAD = CELLS
ROW = "01/07/2024,09:00,01/07/2024,17:00"
ROSTERS = [
    Roster(
        path="pair.csv",
        data=Table(header=HEADER, rows=(f"{GOOD},{ROW}",)),
        events=Table(header=EVENTS_HEADER, rows=(f"{GOOD},{ROW},{DESCRIPTION},0",)),
    ),
    Roster(
        path="dropped.csv",
        data=Table(
            header=HEADER, rows=(f"{GOOD},{ROW}", f"{BAD},31/02/2024,{BAD},01/07/2024,17:00"), bad={1: (2, "date")}
        ),
    ),
    Roster(path="refused.csv", data=Table(header=HEADER, rows=(f"{GOOD},01/07/2024,09:00,01/07/2023,17:00",))),
]
STRICT = Profile(job_base=0.0, check_order=True)
SECRETS = forms(TRIAL_CLIENT_SECRET, username=TRIAL_CLIENT_ID) | forms(TRIAL_API_KEY, username=TRIAL_CLIENT_ID)
CELL_FORMS = {form for cell in CELLS for form in forms(cell)}

STAGES: dict[str, tuple[type | ModuleType, str, str]] = {
    "the reading of a file": (FolderInbox, "look", ""),
    "its judgement": (FolderInbox, "_judge", ""),
    "the token request": (Http, "call", "token"),
    "the upload": (Http, "call", "upload"),
    "a poll": (Http, "call", "poll"),
    "the fetching of a result": (Http, "call", "result"),
    "the reading of an answer": (http, "read_answer", ""),
    "the making of a request": (Platform, "_members", ""),
    "a commit": (SqliteLedger, "_transact", ""),
    "the keeping of a result": (ResultsFolder, "keep", ""),
    "the writing of results": (ResultsFolder, "_project", ""),
    "the report": (Report, "write", ""),
}


def quoting(*arguments: Any, **options: Any) -> RuntimeError:
    """The exception that a careless library would raise: it quotes all that it was given."""
    return RuntimeError(f"{arguments!r} {options!r} {TRIAL_CLIENT_SECRET} {TRIAL_API_KEY} {GOOD} {DESCRIPTION} {BAD}")


def break_down(monkeypatch: pytest.MonkeyPatch, stage: str) -> list[RuntimeError]:
    """The stage does not come through; what it raised is in the list."""
    place, name, kind = STAGES[stage]
    real = getattr(place, name)
    raised: list[RuntimeError] = []

    def broken(self: Any, *arguments: Any, **options: Any) -> Any:
        if kind and arguments[0] != kind:
            return real(self, *arguments, **options)
        raised.append(quoting(self, *arguments, **options))
        raise raised[-1]

    monkeypatch.setattr(place, name, broken)
    return raised


@pytest.fixture
def unfiltered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the second line of defence."""
    monkeypatch.setattr("orchestrator.edges.log._cleaned", lambda value, secrets: value)


@pytest.fixture
def night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Program]:
    with program(tmp_path, monkeypatch, capsys, ROSTERS, STRICT) as started:
        yield started


def require_no_secret(night: Program) -> None:
    assert leaks(night.all_artefacts, SECRETS) == []
    assert bearers(night.all_artefacts) == []
    assert leaks(night.artefacts, CELL_FORMS) == []


@pytest.mark.usefixtures("unfiltered")
@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize("held", [True, False], ids=["held", "streamed"])
def test_a_talkative_run_tells_no_secret_and_no_cell_even_without_the_filter(
    night: Program, monkeypatch: pytest.MonkeyPatch, held: bool, log_format: str
) -> None:
    if not held:
        for module in ("inbox", "contents"):
            monkeypatch.setattr(f"orchestrator.edges.{module}.HELD_LIMIT", -1)

    spoken = night.run("-v", "--log-format", log_format, validation__on_bad_rows="drop_rows")

    assert spoken.code == 3
    assert len(night.remote.record.of("upload")) == 3
    assert "SendStarted" in spoken.err, "our own events were told"
    assert "Executing %s took" in spoken.err, "asyncio told its callbacks"
    require_no_secret(night)


@pytest.mark.usefixtures("unfiltered")
@pytest.mark.parametrize("stage", STAGES)
def test_no_exception_of_any_stage_brings_a_secret_to_light(
    night: Program, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    raised = break_down(monkeypatch, stage)

    spoken = night.run("-v", validation__on_bad_rows="drop_rows")

    assert raised
    assert TRIAL_CLIENT_SECRET in str(raised[0])
    assert spoken.code == 1
    assert "a bug: RuntimeError at " in spoken.err
    assert "Traceback" not in spoken.err
    require_no_secret(night)


def test_the_filter_alone_blots_out_what_the_edge_would_have_let_through(capsys: pytest.CaptureFixture[str]) -> None:
    told = f"{TRIAL_CLIENT_SECRET} {TRIAL_API_KEY} Bearer sandbox.{'0' * 64}"
    set_up_logs(as_json=False, level=logging.DEBUG, secrets=(TRIAL_CLIENT_SECRET, TRIAL_API_KEY))
    structlog.get_logger().error(told, detail=told)
    logging.getLogger("aiohttp").error(told)
    structlog.reset_defaults()

    said = {"stderr": capsys.readouterr().err.encode()}

    assert said["stderr"].count(b"[secret]") == 9
    assert leaks(said, SECRETS) == []
    assert bearers(said) == []


@pytest.mark.usefixtures("unfiltered")
def test_the_search_for_leaks_finds_what_a_careless_edge_lets_through(
    night: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the filter nor the edge: then all of it is there, and is found."""
    real: Callable[..., Any] = Http.call

    async def careless(self: Http, kind: Any, method: str, url: str, **how: Any) -> Any:
        structlog.get_logger().error("asking", url=url, headers=dict(how["headers"]), body=how.get("data"))
        return await real(self, kind, method, url, **how)

    monkeypatch.setattr(Http, "call", careless)
    night.run(validation__on_bad_rows="drop_rows")

    found = night.artefacts
    (place,) = leaks(found, forms(TRIAL_CLIENT_SECRET, username=TRIAL_CLIENT_ID))
    assert place == "stderr of run 1"
    assert leaks(found, forms(TRIAL_API_KEY)) == bearers(found) == [place]
    assert leaks(found, CELL_FORMS) == [place]
    assert BEARER.search(found[place])
