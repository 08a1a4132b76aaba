"""What `check` says of each remote: what it has seen, and no more than that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from contract.remotes import CREDENTIALS, RemoteSubject
from contract.subjects import ENDGRATE, PLATFORM, TAO, UNTRACKED
from sandbox.visitor import INSTANT

from orchestrator.errors import Denied, Misdirected, TargetError
from orchestrator.preflight import preflight
from orchestrator.sandbox import TaoKnobs, serve
from targets.wire import answer, scripted

SIGNED_IN = "the identity server gives out a token"
WELL = "the remote is well"
SAYS = {
    PLATFORM.name: [SIGNED_IN, WELL, "the API answers, and takes the token and the API key"],
    TAO.name: [SIGNED_IN, WELL, "the API answers, and takes the token"],
    ENDGRATE.name: [WELL, "the API answers, and takes the API key"],
    UNTRACKED.name: [SIGNED_IN, WELL, "it offers no status: what it takes is done"],
}
PAGE = answer(200, "<html>Closed.</html>", kind="text/html")


async def says(folder: Path, subject: RemoteSubject, base_url: str, addresses: dict[str, object] | None) -> list[str]:
    settings = subject.at(folder, base_url, addresses) if addresses else subject.at(folder, base_url)
    passed: list[str] = []
    await preflight(settings, CREDENTIALS, passed.append)
    return passed


@pytest.mark.parametrize("subject", [PLATFORM, TAO, UNTRACKED, ENDGRATE], ids=str)
async def test_check_says_what_it_has_seen(tmp_path: Path, subject: RemoteSubject) -> None:
    async with serve(INSTANT, subject.api) as sandbox:
        first, second, *seen = await says(tmp_path, subject, sandbox.base_url, sandbox.addresses)

        assert first.startswith(f"configuration and secrets of {subject.api} {sandbox.base_url}")
        assert second == f"input folder {tmp_path}"
        assert seen == SAYS[subject.name]
        assert sandbox.record.of("upload") == []


@pytest.mark.parametrize(
    ("knobs", "changes", "raised", "words"),
    [
        ({"scopes": ()}, {}, Denied, "rostering"),
        ({}, {"token_path": "/nowhere"}, Misdirected, "token endpoint"),
        ({}, {"scope": "another"}, Denied, "target.scope"),
        ({}, {"status_path": "", "upload_path": "/nowhere"}, Misdirected, "target.upload_path"),
    ],
    ids=["no scope", "no token there", "another scope", "no upload there"],
)
async def test_check_of_tao_names_the_key_to_look_at(
    tmp_path: Path,
    knobs: dict[str, object],
    changes: dict[str, object],
    raised: type[TargetError],
    words: str,
) -> None:
    subject = replace(TAO, settings=changes)
    async with serve(replace(INSTANT, tao=TaoKnobs(**knobs)), "tao") as sandbox:  # type: ignore[arg-type]  # of one test
        with pytest.raises(raised, match=words):
            await says(tmp_path, subject, sandbox.base_url, sandbox.addresses)


@pytest.mark.parametrize("subject", [PLATFORM, TAO, UNTRACKED, ENDGRATE], ids=str)
async def test_an_address_that_answers_like_no_api_may_be_another(tmp_path: Path, subject: RemoteSubject) -> None:
    async with scripted(PAGE) as server:
        with pytest.raises(Misdirected, match=r"Is target\.base_url the API\?"):
            await says(tmp_path, subject, server.url, None)
