"""What must hold however often a run was killed: the ledger, the remote and the output tell one story."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable

from cli.ledger import ask
from cli.rosters import Roster
from cli.stage import Stage
from orchestrator.sandbox.platform import result_ids


def require_all_done(stage: Stage, rosters: Iterable[Roster]) -> None:
    """As after an undisturbed run: the remote holds exactly these data, once, and we hold its answers."""
    rosters = list(rosters)
    require_sound(stage, rosters)
    assert stage.states == {roster.path: "done" for roster in rosters}
    standing = {name: (d.data_sha256, d.events_sha256) for name, d in stage.remote.datasets.items()}
    assert standing == {roster.name: roster.digests for roster in rosters}


def require_sound(stage: Stage, rosters: Iterable[Roster]) -> None:
    """Nothing is lost, nothing is there twice, and nothing is claimed that is not so."""
    paths = [roster.path for roster in rosters]
    jobs = stage.ledger
    assert Counter(job.path for job in jobs) == Counter(paths), "every file stands in the ledger once"
    _require_no_duplicates(stage)
    datasets, answers = (
        stage.remote.datasets,
        {entry["token"]: entry for entry in stage.uploads if entry["token"]},
    )
    for job in jobs:
        assert job.state in {"done", "in_doubt"}, job
        if job.state == "in_doubt":
            assert job.cause
            continue
        given, standing = answers[job.token], datasets[job.name]
        assert standing.token == job.token, "what the ledger knows by its token is what stands there"
        assert (given["data_sha256"], given["events_sha256"]) == (job.sent, job.events_sent)
        require_results(stage, job.name, job.token or "", standing.data_rows)


def _require_no_duplicates(stage: Stage) -> None:
    without_overwrite = Counter(e["name"] for e in stage.uploads if e["applied"] and not e["overwrite"])
    assert max(without_overwrite.values(), default=0) <= 1, without_overwrite
    assert all(dataset.copies == 1 for dataset in stage.remote.datasets.values())


def require_results(stage: Stage, name: str, token: str, rows: int) -> None:
    """The files under results/ are what was served for *token*, and so is what the ledger keeps."""
    served = {"feedback.txt": b"", "tableofresultids.json": json.dumps(result_ids(token, rows)).encode()}
    place = stage.results(name)
    assert {file.name: file.read_bytes() for file in place.iterdir() if file.is_file()} == served
    query = "SELECT r.key || suffix, body, sha256 FROM results r JOIN jobs ON jobs.id = job WHERE token = ?"
    kept = ask(stage.out, query, token)
    assert {key: body for key, body, _ in kept} == served
    assert all(digest == hashlib.sha256(body).hexdigest() for _, body, digest in kept)
