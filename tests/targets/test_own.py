"""A remote API of one's own, exactly as the README shows it, in a run of the real command line."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from cli.program import AFRESH, Outcome, call
from cli.rosters import plain_rosters, write_all

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "README.md").read_text()
KEY = "canary-key"


def shown(language: str) -> str:
    """The longest block of this language in the README's section."""
    section = README.partition("## A remote API of one's own")[2].partition("\n## ")[0]
    return max(re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL), key=len)


@dataclass
class Store:
    """Takes files by PUT; `lost` times it takes one and loses its answer, `says` is what it answers."""

    lost: int = 0
    says: str = ""
    status: int = 201
    understood: int = 0
    """So many files get their receipt all the same."""
    framed: bool = True
    files: dict[str, str] = field(default_factory=dict)
    puts: Counter[str] = field(default_factory=Counter)
    keys: set[str | None] = field(default_factory=set)
    url: str = ""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method != "PUT":
            return web.Response(status=404)
        content = await request.read()
        self.keys.add(request.headers.get("Authorization"))
        self.puts[request.path] += 1
        if self.status < 300:
            self.files[request.path] = hashlib.sha256(content).hexdigest()
        if self.lost and request.transport is not None:
            self.lost -= 1
            request.transport.abort()
        says = self.says or f"receipt-{sum(self.puts.values())}"
        if len(self.puts) <= self.understood:
            says = f"receipt-{len(self.puts)}"
        if not self.framed and request.transport is not None:  # as servers do that somebody wrote in an afternoon
            request.transport.write(f"HTTP/1.0 200 OK\r\n\r\n{says}".encode())
            request.transport.close()
        return web.Response(status=self.status, text=says)


@asynccontextmanager
async def serving(store: Store) -> AsyncIterator[Store]:
    runner = web.ServerRunner(web.Server(store.handle, access_log=None))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        store.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield store
    finally:
        await runner.cleanup()


async def run(root: Path, store: Store, *more: str, by: Sequence[str] = ()) -> Outcome:
    (root / "stash.py").write_text(shown("python"))
    settings = shown("toml").replace("https://stash.example.com", store.url).replace("my-files.toml", "platform.data")
    (root / "own.toml").write_text(settings)
    options = ("--set", "input.settle=0", "--set", "polling.first=0.02", "--set", "input.events=", *more)
    return await call(
        *("run", "inbox", "--json", "-c", "own.toml", *options),
        cwd=root,
        by=by,
        PYTHONPATH=os.pathsep.join((str(root), str(PROJECT))),  # this program, and no other that is installed
        ORCHESTRATOR_TARGET__API_KEY=KEY,
    )


async def test_the_module_of_the_readme_carries_a_folder_and_knows_it_the_second_time(tmp_path: Path) -> None:
    write_all(tmp_path / "inbox", plain_rosters(2))
    async with serving(Store()) as store:
        outcome = await run(tmp_path, store, by=AFRESH)
        again = await run(tmp_path, store)

    assert (outcome.code, again.code) == (0, 0)
    assert set(store.puts.values()) == {1}
    assert all(path.startswith("/nightly/") for path in store.puts)
    assert store.keys == {f"Bearer {KEY}"}
    assert len(store.files) == 2
    assert KEY not in outcome.err


async def test_after_a_lost_answer_it_is_sent_again_because_the_module_says_that_this_is_harmless(
    tmp_path: Path,
) -> None:
    write_all(tmp_path / "inbox", plain_rosters(1))
    async with serving(Store(lost=1)) as store:
        outcome = await run(tmp_path, store)

    assert outcome.code == 0
    assert list(store.puts.values()) == [2]
    assert len(store.files) == 1


@pytest.mark.parametrize(("status", "says", "code"), [(201, "thanks", 2), (422, "no", 3), (403, "no", 77)])
async def test_what_is_not_understood_is_no_success_and_a_refusal_is_told_as_such(
    tmp_path: Path, status: int, says: str, code: int
) -> None:
    write_all(tmp_path / "inbox", plain_rosters(1))
    async with serving(Store(status=status, says=says)) as store:
        outcome = await run(tmp_path, store)

    assert outcome.code == code
    assert "done" not in outcome.ends


async def test_a_remote_that_frames_no_answer_ends_the_run_soon(tmp_path: Path) -> None:
    write_all(tmp_path / "inbox", plain_rosters(1))
    async with serving(Store(framed=False)) as store:
        outcome = await run(tmp_path, store)

    assert outcome.code == 2
    assert "does not say where it ends" in outcome.err
    assert sum(store.puts.values()) == 3


async def test_a_file_whose_answers_are_never_understood_is_left_soon_where_that_of_another_was(tmp_path: Path) -> None:
    write_all(tmp_path / "inbox", plain_rosters(2))
    async with serving(Store(says="thanks", understood=1)) as store:
        outcome = await run(tmp_path, store, "--set", "limits.uploads=1")

    assert (outcome.code, outcome.ends) == (5, {"found": 2, "done": 1, "unsent": 1})
    assert sorted(store.puts.values()) == [1, 5]
    assert outcome.summary["seconds"] < 20


@pytest.mark.parametrize("kind", ["nowhere:Stash", "stash:Nothing", "stash:MANNERS"])
async def test_a_module_that_cannot_be_used_is_told_with_its_remedy(tmp_path: Path, kind: str) -> None:
    write_all(tmp_path / "inbox", plain_rosters(1))
    async with serving(Store()) as store:
        outcome = await run(tmp_path, store, "--set", f"target.kind={kind}")

    assert outcome.code == 2
    assert "target.kind" in outcome.err
    assert "PYTHONPATH" in outcome.err
    assert not store.puts


def test_the_example_is_short() -> None:
    assert len(shown("python").splitlines()) <= 80
