"""Sessions: made by the program, configured by a person, deleted when nobody needs them."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest

from cli.leaks import forms, leaks, said
from cli.program import Outcome
from cli.pushes import Pushing, people, pushing
from cli.stage import held
from orchestrator.sandbox import Fault


async def visit(page: str) -> int:
    async with aiohttp.ClientSession() as browser, browser.get(page) as answer:
        return answer.status


async def session(stage: Pushing, *words: str, session_id: str = "") -> Outcome:
    given = ("--set", f"target.session_id={session_id}") if session_id else ()
    return await stage.call("session", *words, *given)


async def test_a_session_is_made_opened_by_a_person_used_and_deleted(tmp_path: Path) -> None:
    async with pushing(tmp_path, {"a.csv": people(1, 2)}) as stage:
        made = await session(stage, "initiate", "--json")
        found, page = made.json["session_id"], made.json["page"]
        before = await session(stage, "show", "--json", session_id=found)
        refused = await stage.run("--set", f"target.session_id={found}")

        assert (made.code, before.code, refused.code) == (0, 2, 2), (
            "no other command gets farther until somebody did it"
        )
        assert page == f"{stage.remote.base_url}/session?session_id={found}"
        assert before.json["configured"] is False
        assert "open the page" in made.err
        assert "open the page" in before.err
        assert "orchestrator session show" in refused.json["message"]

        assert await visit(page) == 200
        after = await session(stage, "show", "--json", session_id=found)
        done = await stage.run("--set", f"target.session_id={found}")

        assert (after.code, done.code) == (0, 0)
        assert (after.json["configured"], after.json["page"]) == (True, page)
        assert after.json["reauthenticate"].endswith(f"/session/reauthenticate?session_id={found}")

        for _ in range(2):
            gone = await session(stage, "delete", "--json", session_id=found)
            assert gone.json.items() >= {"exit_code": 0, "session_id": found, "deleted": True}.items()
        unknown = await session(stage, "show", session_id=found)

        assert unknown.code == 2
        assert "orchestrator session initiate" in unknown.err


async def test_what_is_printed_is_an_id_and_a_page_to_copy(tmp_path: Path) -> None:
    async with pushing(tmp_path, {}) as stage:
        made = await session(stage, "initiate")
        shown = await session(stage, "show")

    lines = dict(line.split() for line in made.out.decode().splitlines())
    assert list(lines) == ["session_id", "page"]
    assert lines["page"].endswith(lines["session_id"])
    assert dict(line.split() for line in shown.out.decode().splitlines())["configured"] == "true"
    assert leaks(said("initiate", made) | said("show", shown), forms(stage.remote.api_key)) == []


@pytest.mark.parametrize("errors", ["status", "soft"])
async def test_to_delete_what_is_gone_is_done_however_the_remote_says_that(tmp_path: Path, errors: str) -> None:
    async with pushing(tmp_path, {}, errors=errors) as stage:
        assert (await session(stage, "delete", session_id="0" * 24)).code == 0
        assert (await session(stage, "show", session_id="0" * 24)).code == 2


async def test_a_session_that_is_to_be_saved_does_not_end_by_itself(tmp_path: Path) -> None:
    async with pushing(tmp_path, {}, session_ttl=0.0, configured=True) as stage:
        passing = (await session(stage, "initiate", "--json")).json["session_id"]
        saved = (await session(stage, "initiate", "--save", "--json")).json["session_id"]

        assert (await session(stage, "show", session_id=passing)).code == 2
        assert (await session(stage, "show", session_id=saved)).code == 0


@pytest.mark.parametrize(
    ("kind", "code"), [("unauthorized", 77), ("unavailable", 5), ("reset_after", 5), ("html", 5), ("empty", 5)]
)
@pytest.mark.parametrize("word", ["initiate", "show", "delete"])
async def test_what_the_remote_does_not_do_is_told(tmp_path: Path, word: str, kind: str, code: int) -> None:
    async with pushing(tmp_path, {}, Fault(endpoint="other", kind=kind)) as stage:
        outcome = await session(stage, word)

        assert outcome.code == code
        assert outcome.out == b""
        assert "session" in outcome.err
        assert stage.remote.session_id not in outcome.err


async def test_without_the_key_or_for_another_remote_nothing_is_asked(tmp_path: Path) -> None:
    async with pushing(tmp_path, {}, held("other")) as stage:
        other = await session(stage, "show", "--set", "target.kind=tao", "--set", "target.key=")
        stage.secrets = {}
        keyless = await session(stage, "initiate")
        stage.config.write_text("")
        platform = await session(stage, "show")

    assert (other.code, keyless.code, platform.code) == (2, 2, 2)
    assert "target.api_key: is missing" in keyless.err
    assert 'only "endgrate" has sessions' in platform.err
