"""Where the evidence comes from: the remote's record, the ledger, the output folder."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from pathlib import Path

from cli.ledger import ledger_of
from cli.program import Outcome
from crash.evidence import Crash, Evidence, Kept, Look, Told
from crash.sides import Side
from crash.witness import Witness
from orchestrator.edges.atomic import TEMPORARY
from orchestrator.edges.rows import job_of
from orchestrator.edges.tables import JOB_COLUMNS
from orchestrator.sandbox import Sandbox


def gather(
    out: Path,
    remote: Sandbox,
    side: Side,
    witness: Witness,
    crashes: tuple[Crash, ...],
    outcomes: tuple[Outcome, ...],
) -> Evidence:
    entries = list(remote.record.entries)
    looks = [Look(at=e["time"], token=e["token"]) for e in entries if e["kind"] in ("poll", "result") and e["token"]]
    with closing(sqlite3.connect(f"{ledger_of(out).as_uri()}?mode=ro", uri=True)) as ledger:
        jobs = {row[0]: job_of(row[1:]) for row in ledger.execute(f"SELECT id, {JOB_COLUMNS} FROM jobs")}
        told = ledger.execute("SELECT job, at, run, event, detail FROM events ORDER BY id").fetchall()
        kept = ledger.execute("SELECT job, key || suffix, size, sha256 FROM results").fetchall()
    paths = [path for path in out.rglob("*") if path.is_file()]
    spill = out / ".orchestrator" / "spill"
    return Evidence(
        sends=tuple(side.sends()),
        looks=tuple(looks),
        broken_off=tuple(entry["time"] for entry in entries if entry["fault"] == "drop_unread"),
        standing=side.standing(),
        most_uploads=remote.most_at_once["upload"],
        most_polls=remote.most_at_once["read"],
        unforeseen=tuple(witness.unforeseen),
        witnessed=witness.seen,
        requests=side.requests(),
        jobs=jobs,
        told=tuple(Told(job=j, at=at, run=run, event=e, detail=json.loads(d)) for j, at, run, e, d in told),
        kept=tuple(Kept(job=job, file=file, size=size, sha256=digest) for job, file, size, digest in kept),
        files={str(p.relative_to(out)): p.read_bytes() for p in paths if p.relative_to(out).parts[0] in _KEPT},
        temporary=tuple(str(p.relative_to(out)) for p in paths if p.name.startswith(TEMPORARY) or spill in p.parents),
        reported=frozenset(path.parent.name for path in out.glob("runs/*/summary.json")),
        reported_ends=_reported_ends(out / "runs" / outcomes[-1].json["run"] / "files.csv"),
        crashes=crashes,
        outcomes=outcomes,
    )


def _reported_ends(report: Path) -> dict[str, tuple[str, ...]]:
    """Of each path's newest version, for an older one may have ended in the same run. Of parts it tells by chance."""
    with report.open(newline="") as file:
        lines = sorted(csv.DictReader(file), key=lambda line: int(line["version"] or 0))
    known = {"skipped": "done"}
    return {
        line["path"]: (known.get(line["state"], line["state"]), *(line[column] for column in _LASTING))
        for line in lines
        if "#" not in line["name"]
    }


_KEPT = ("results", "rejects")
_LASTING = ("name", "version", "rows", "bad_rows", "event_rows", "bad_event_rows", "results")
"""What a report says of a file in every run."""
