"""What the output folder, the ledger and the remote have to say after a disk failed under a run."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from cli.rosters import Roster
from cli.stage import Stage
from orchestrator.sandbox.platform import result_ids


def require_as_undisturbed(stage: Stage, rosters: Iterable[Roster], rejects: Mapping[str, bytes]) -> None:
    """Everything is done, everything was sent exactly once, and every file is there as it has to be."""
    rosters = list(rosters)
    assert stage.states == {roster.path: "done" for roster in rosters}
    assert Counter(entry["name"] for entry in stage.uploads) == Counter(roster.name for roster in rosters)
    require_the_data_once(stage, rosters)
    require_results(stage, rosters)
    assert read_all(stage.out / "rejects") == rejects


def require_the_data_once(stage: Stage, rosters: Iterable[Roster]) -> None:
    standing = {name: (d.data_sha256, d.events_sha256, d.copies) for name, d in stage.remote.datasets.items()}
    assert standing == {roster.name: (*roster.digests, 1) for roster in rosters}


def require_results(stage: Stage, rosters: Iterable[Roster]) -> None:
    """Every answer of the remote lies under `results/`, whole, and nothing else does."""
    expected = {place: body for roster in rosters for place, body in served(stage, roster).items()}
    found = read_all(stage.out / "results")
    assert found.keys() == expected.keys()
    assert [place for place in found if found[place] != expected[place]] == []


def served(stage: Stage, roster: Roster) -> dict[str, bytes]:
    """What the remote serves for the token that the ledger holds, by its place under `results/`."""
    line = stage.jobs[roster.path]
    ids = result_ids(line.token or "", stage.remote.datasets[line.name].data_rows)
    return {f"{line.name}/feedback.txt": b"", f"{line.name}/tableofresultids.json": json.dumps(ids).encode()}


def require_whole(stage: Stage, rosters: Iterable[Roster], rejects: Mapping[str, bytes]) -> None:
    """Whatever stands under a final name is whole, however the run ended."""
    known = [roster for roster in rosters if stage.jobs.get(roster.path) and roster.name in stage.remote.datasets]
    expected = {path: body for roster in known for path, body in served(stage, roster).items()}
    for place, body in read_all(stage.out / "results").items():
        assert body == expected[place], place
    for place, body in read_all(stage.out / "rejects").items():
        assert body == rejects[place], place
    for place, body in read_all(stage.out / "runs").items():
        if place.endswith(".json"):
            assert json.loads(body)["run"] in place
        elif place.endswith("/sending"):
            assert int(body) > 0, place
        else:
            assert len({len(line) for line in csv.reader(body.decode().splitlines())}) == 1, place


def read_all(folder: Path) -> dict[str, bytes]:
    """The files below *folder* under their final names."""
    found = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".~"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}
