"""Secrets go over the wire and nowhere else; cells go over the wire, into results/ and into rejects/."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest

from cli.leaks import BEARER, bearers, forms, leaks, said, stored, stored_without_results
from cli.ledger import ask
from cli.program import AFRESH
from cli.rosters import EVENTS_HEADER, HEADER, Roster, Table, plain_rosters
from cli.stage import Stage, held, scripted, staged
from orchestrator.sandbox import TRIAL_API_KEY, TRIAL_CLIENT_ID, TRIAL_CLIENT_SECRET, Chance, Fault

CELL = "Canary Bird-4711"
DESCRIPTION = "Canary Song-4712"
BAD_CELL = "Canary Egg-4713"
REFUSED_CELL = "13/11/1977"
CELLS = [text.encode() for text in (CELL, DESCRIPTION, BAD_CELL, REFUSED_CELL)]
SECRETS = forms(TRIAL_CLIENT_SECRET, username=TRIAL_CLIENT_ID) | forms(TRIAL_API_KEY, username=TRIAL_CLIENT_ID)

_GOOD = f"{CELL},01/07/2024,09:00,01/07/2024,17:00"
_EVENT = f"{CELL},01/07/2024,09:05,01/07/2024,09:30,{DESCRIPTION},0"


def _table(*rows: str, bad: int | None = None) -> Table:
    return Table(header=HEADER, rows=rows, bad={} if bad is None else {bad: (2, "date")})


ROSTERS = [
    Roster(path="good.csv", data=_table(_GOOD), events=Table(header=EVENTS_HEADER, rows=(_EVENT,))),
    Roster(path="dropped.csv", data=_table(_GOOD, f"{BAD_CELL},31/02/2024,09:00,{BAD_CELL},17:00", bad=1)),
    Roster(path="refused.csv", data=_table(_GOOD, f"{CELL},01/07/2024,09:00,{REFUSED_CELL},17:00")),
]

STORM = tuple(
    Chance(share=0.12, fault=Fault(endpoint=endpoint, kind=kind))
    for endpoint, kinds in {
        "upload": ("html", "truncated", "error_after", "reset_after"),
        "poll": ("html", "reset_before", "unknown_status"),
        "result": ("drop_after", "truncated"),
    }.items()
    for kind in kinds
)


def require_no_secret(stage: Stage, places: dict[str, bytes]) -> None:
    assert leaks(places, SECRETS) == []
    assert bearers(places) == []
    assert all(BEARER.match(token.encode()) for token in stage.remote.tokens), "this is how a bearer token looks"


async def test_neither_secrets_nor_cells_show_up_where_they_do_not_belong(tmp_path: Path) -> None:
    async with staged(tmp_path, ROSTERS, scripted(held("poll"), check_order=True)) as stage:
        async with stage.start(
            "run", "--json", "-v", "--log-format", "json", by=AFRESH, validation__on_bad_rows="drop_rows"
        ) as program:
            await stage.remote.until_held()
            command_line = program.command_line()
            stage.remote.release()
            await program.wait()
        outcome = program.outcome()

        assert outcome.code == 3
        assert outcome.ends == {"found": 3, "done": 2, "failed": 1}
        spoken = said("the run", outcome) | {"the command line": command_line}
        require_no_secret(stage, spoken | stored(stage.out))
        assert b"orchestrator" in command_line
        assert leaks(spoken | stored_without_results(stage.out), CELLS) == []
        tokens = [job.token.encode() for job in stage.ledger if job.token]
        assert leaks(said("the run", outcome), tokens) == [], "a processing token opens results to its holder"

        # And they did go where they belong.
        assert stage.remote.record.of("token")[0]["status"] == 200
        assert {e["name"]: (e["data_sha256"], e["events_sha256"]) for e in stage.uploads} == {
            r.name: r.digests for r in ROSTERS
        }
        assert REFUSED_CELL in (stage.results("refused") / "feedback.txt").read_text()
        assert BAD_CELL in (stage.out / "rejects" / "dropped.csv").read_text()
        assert any(REFUSED_CELL in str(body) for (body,) in ask(stage.out, "SELECT body FROM results"))


async def test_a_storm_of_faults_brings_no_secret_to_light(tmp_path: Path) -> None:
    calm = [roster for roster in ROSTERS if roster.path != "refused.csv"]
    again = (Fault(endpoint="upload", kind="revoke"), Fault(endpoint="poll", kind="unauthorized"))
    profile = replace(scripted(*again, check_order=True), chances=STORM)
    async with staged(tmp_path, calm + plain_rosters(8), profile) as stage:
        outcome = await stage.run(
            "-v", validation__on_bad_rows="drop_rows", target__overwrite=True, polling__first=0.01
        )

        assert outcome.code in {3, 5}
        assert outcome.summary["requests"]["retries"] > 0
        assert len(stage.remote.record.faults) >= 4
        spoken = said("the storm", outcome)
        require_no_secret(stage, spoken | stored(stage.out))
        assert leaks(spoken | stored_without_results(stage.out), CELLS) == []


@pytest.mark.parametrize("secret", ["CLIENT_SECRET", "API_KEY"])
async def test_a_secret_that_is_refused_is_not_repeated(tmp_path: Path, secret: str) -> None:
    async with staged(tmp_path, ROSTERS) as stage:
        wrong = "wrong+canary/ä key=4714"
        stage.secrets[f"ORCHESTRATOR_TARGET__{secret}"] = wrong
        outcome = await stage.run("-v", validation__on_bad_rows="drop_rows")

        assert outcome.code == 77
        places = said("the run", outcome) | stored(stage.out)
        assert leaks(places, forms(wrong, username=TRIAL_CLIENT_ID)) == []
        require_no_secret(stage, places)


def test_what_looks_for_leaks_finds_every_form_of_a_secret_that_is_planted() -> None:
    for needle in SECRETS:
        assert leaks({"here": b"..." + needle + b"...", "there": b"nothing"}, SECRETS) == ["here"]
    for text in ("x", "xy", "xyz"):
        planted = base64.b64encode(f"{text}{TRIAL_CLIENT_SECRET}{text}".encode())
        assert leaks({"here": planted}, SECRETS) == ["here"]
    assert bearers({"here": b"Bearer sandbox." + b"0" * 64 + b".bearer"}) == ["here"]
