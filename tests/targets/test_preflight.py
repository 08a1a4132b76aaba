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
from orchestrator.sandbox import PROFILES, TaoKnobs, serve
from targets.wire import Request, answer, scripted

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
        ({}, {"status_path": "/nowhere/{id}"}, Misdirected, "target.status_path"),
        ({"errors": "plain"}, {"status_path": "/nowhere/{id}"}, Misdirected, "target.status_path"),
        ({}, {"download_path": "/nowhere/{id}"}, Misdirected, "target.download_path"),
        ({"reports": False}, {}, Misdirected, "target.status_path, which is empty where"),
    ],
    ids=[
        *("no scope", "no token there", "another scope", "no upload there"),
        *("no status there", "no status there, in plain words", "no results there", "no status at all"),
    ],
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


@pytest.mark.parametrize("errors", ["nested", "message", "plain"])
@pytest.mark.parametrize("profile", [*PROFILES])
async def test_check_takes_no_word_of_tao_for_a_page_that_is_not_there(
    tmp_path: Path, errors: str, profile: str
) -> None:
    knobs = TaoKnobs(errors=errors)  # type: ignore[arg-type]  # of one test
    async with serve(replace(PROFILES[profile], chances=(), tao=knobs), "tao") as sandbox:
        assert (await says(tmp_path, TAO, sandbox.base_url, sandbox.addresses))[2:] == SAYS[TAO.name]


async def test_a_remote_that_objects_to_what_is_no_reference_has_a_status(tmp_path: Path) -> None:
    def status_or_download(request: Request) -> bytes:
        return answer(400 if request.target.endswith("/none") else 404, "no")

    async with scripted(status_or_download) as server:
        assert (await says(tmp_path, TAO, server.url, None))[2:] == SAYS[TAO.name]


@pytest.mark.parametrize("subject", [PLATFORM, TAO, UNTRACKED, ENDGRATE], ids=str)
async def test_an_address_that_answers_like_no_api_may_be_another(tmp_path: Path, subject: RemoteSubject) -> None:
    async with scripted(PAGE) as server:
        with pytest.raises(Misdirected, match=r"Is target\.base_url the API\?"):
            await says(tmp_path, subject, server.url, None)
