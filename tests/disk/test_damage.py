"""Bits flip and ends go missing in the ledger, its log and the results; the next command goes on or says so."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.rosters import plain_rosters, roster
from cli.stage import Stage, staged
from disk.here import run_here
from disk.story import require_as_undisturbed, require_results
from orchestrator.cli import app
from orchestrator.edges import answer

ROSTERS = plain_rosters(6)
FILES = ("ledger.sqlite3", "ledger.sqlite3-wal")
HALFWAY = 5
"""Results that were served when the run died; some jobs are done by then, some wait, some are being sent."""


@dataclass(frozen=True)
class Pristine:
    """What a run left that died halfway, with its commits in the log, and what it left at its end, without a log."""

    halfway: Path
    finished: Path

    def of(self, file: str) -> Path:
        return self.halfway if file.endswith("-wal") else self.finished

    def damage(self, out: Path, file: str, rng: random.Random) -> str:
        """Put things back as they were, but for one place in *file*."""
        source = self.of(file)
        shutil.rmtree(out)
        shutil.copytree(source, out)
        place = out / ".orchestrator" / file
        content = bytearray(place.read_bytes())
        if rng.random() < 0.25:
            at = rng.randrange(len(content))
            del content[at:]
            told = f"cut at {at}"
        else:
            while not content[at := rng.randrange(len(content))]:
                pass  # what nothing was written to yet
            content[at] ^= 1 << rng.randrange(8)
            told = f"flipped at {at}"
        place.write_bytes(content)
        return f"{file} {told}"


async def made_ready(stage: Stage) -> Pristine:
    """One real run, to its end; a copy is made in its middle."""
    pristine = Pristine(stage.root / "halfway", stage.root / "finished")

    def copy_halfway() -> None:
        if len(stage.remote.record.of("result")) == HALFWAY and not pristine.halfway.exists():
            shutil.copytree(stage.out, pristine.halfway, ignore=shutil.ignore_patterns("*-shm"))

    stage.on_entry = copy_halfway
    assert (await run_here(stage)).code == 0
    stage.on_entry = lambda: None
    require_as_undisturbed(stage, ROSTERS, {})
    assert (pristine.halfway / ".orchestrator" / FILES[1]).stat().st_size > 10_000
    shutil.copytree(stage.out, pristine.finished)
    return pristine


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("rounds", [100, pytest.param(2000, marks=pytest.mark.chaos)])
async def test_whoever_looks_at_a_damaged_ledger_gets_an_answer_or_one_clear_message(
    tmp_path: Path, file: str, rounds: int
) -> None:
    told: Counter[int] = Counter()
    async with staged(tmp_path, ROSTERS) as stage:
        pristine = await made_ready(stage)
        for seed in range(rounds):
            story = pristine.damage(stage.out, file, random.Random(seed))
            before = content_of(stage.out)
            outcome = CliRunner().invoke(app, ["status", "-o", str(stage.out)])

            told[outcome.exit_code] += 1
            assert outcome.exit_code in {0, 2, 4}, (seed, story, outcome.output)
            if outcome.exit_code == 2:
                told_apart = outcome.stderr.splitlines() or [outcome.stdout.partition("\n")[0]]  # old, and can be read
                assert ["ledger" in line for line in told_apart] == [True], (seed, story)
                assert content_of(stage.out) == before, (seed, story)
                again = CliRunner().invoke(app, ["status", "-o", str(stage.out)])
                assert (again.exit_code, again.output) == (2, outcome.output), (seed, story)
    assert told[2], "nothing was ever noticed"


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("rounds", [20, pytest.param(500, marks=pytest.mark.chaos)])
async def test_a_run_on_a_damaged_ledger_goes_on_or_stops_and_never_keeps_a_second_send_to_itself(
    tmp_path: Path, file: str, rounds: int
) -> None:
    """Only the remote can know of commits that went with the damage: what it refuses as known must not end in 0."""
    told: Counter[int] = Counter()
    async with staged(tmp_path, ROSTERS) as stage:
        pristine = await made_ready(stage)
        for seed in range(rounds):
            story = pristine.damage(stage.out, file, random.Random(seed))
            before, found = len(stage.uploads), content_of(stage.out)
            ended = await run_here(stage, target__sole_writer=True)

            told[ended.code] += 1
            assert ended.code in {0, 2, 3, 4}, (seed, story, ended)
            if ended.code == 2:
                assert "ledger" in ended.message, (seed, story)
                assert "damaged" in ended.message, (seed, story)
                if file == FILES[1]:
                    assert content_of(stage.out) == found, (seed, story)
                    assert await run_here(stage, target__sole_writer=True) == ended, (seed, story)
                    assert content_of(stage.out) == found, (seed, story)
                elif len(stage.uploads) == before:
                    assert (await run_here(stage, target__sole_writer=True)).code == 2, (seed, story)
                    assert len(stage.uploads) == before, (seed, story)
            again = [entry["name"] for entry in stage.uploads[before:] if not entry["overwrite"]]
            assert not (again and ended.code == 0), (seed, story, again)
            assert all(dataset.copies == 1 for dataset in stage.remote.datasets.values())
    assert len(told) > 1, "all was the same to it"


async def test_a_page_that_only_new_files_need_ends_the_run_as_damage_and_not_as_a_disk_that_passes(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path, ROSTERS) as stage:
        pristine = await made_ready(stage)
        ledger = stage.out / ".orchestrator" / FILES[0]
        content, page = ledger.read_bytes(), 4096
        (stage.folder / "new.csv").write_bytes((stage.folder / "f00.csv").read_bytes())
        for at in range(0, len(content), page):
            shutil.rmtree(stage.out)
            shutil.copytree(pristine.finished, stage.out)
            ledger.write_bytes(content[:at] + random.Random(at).randbytes(150) + content[at + 150 :])
            for _ in range(2):
                ended = await run_here(stage)
                assert (ended.code, "damaged" in ended.message or "not a ledger" in ended.message) == (2, True), at
        assert len(stage.uploads) == len(ROSTERS)


@pytest.mark.parametrize("harm", ["deleted", "emptied", "whole folder deleted"])
async def test_a_ledger_that_is_gone_is_not_begun_anew_beside_what_earlier_runs_left(tmp_path: Path, harm: str) -> None:
    async with staged(tmp_path, ROSTERS) as stage:
        pristine = await made_ready(stage)
        state = stage.out / ".orchestrator"
        match harm:
            case "deleted":
                (state / FILES[0]).unlink()
            case "emptied":
                (state / FILES[0]).write_bytes(b"")
            case _:
                shutil.rmtree(state)

        for _ in range(2):
            ended = await run_here(stage)
            assert ended.code == 2
            assert "Restore it from a backup" in ended.message
        assert len(stage.uploads) == len(ROSTERS)

        shutil.copytree(pristine.finished / ".orchestrator", state, dirs_exist_ok=True)
        assert (await run_here(stage)).code == 0
        assert len(stage.uploads) == len(ROSTERS)


def content_of(out: Path) -> dict[str, bytes]:
    """Of every file of the output folder, but for what readers of a ledger share memory by."""
    return {
        str(place.relative_to(out)): place.read_bytes()
        for place in out.rglob("*")
        if place.is_file() and not place.name.endswith("-shm")
    }


@pytest.mark.parametrize("harm", ["cut", "longer", "deleted", "folder deleted"])
async def test_a_small_result_that_somebody_spoiled_is_made_again_from_the_ledger(tmp_path: Path, harm: str) -> None:
    async with staged(tmp_path, ROSTERS) as stage:
        assert (await run_here(stage)).code == 0
        place = stage.results("f01") / "tableofresultids.json"
        spoil(place, harm)

        ended = await run_here(stage)

        assert (ended.code, ended.warnings) == (0, ())
        assert len(stage.uploads) == len(ROSTERS)
        require_results(stage, ROSTERS)


@pytest.mark.parametrize("harm", ["cut", "longer", "deleted", "folder deleted"])
async def test_a_large_result_that_somebody_spoiled_is_told(
    tmp_path: Path, harm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer, "SPILL_FROM", 1000)
    async with staged(tmp_path, [roster("big.csv", 40)]) as stage:
        assert (await run_here(stage)).code == 0
        place = stage.results("big") / "tableofresultids.json"
        spoil(place, harm)

        ended = await run_here(stage)

        (warning,) = ended.warnings
        assert "tableofresultids.json: a large result is gone or cut short" in warning
        assert len(stage.uploads) == 1


def spoil(place: Path, harm: str) -> None:
    match harm:
        case "cut":
            place.write_bytes(place.read_bytes()[:-1])
        case "longer":
            place.write_bytes(place.read_bytes() + b"!")
        case "deleted":
            place.unlink()
        case _:
            shutil.rmtree(place.parent)
