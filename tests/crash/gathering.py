"""Where the evidence comes from: the remote's record, the ledger, the output folder."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from cli.ledger import ledger_of
from cli.program import Outcome
from crash.evidence import Crash, Evidence, Kept, Look, Send, Standing, Told
from crash.push import PushRemote
from crash.witness import Witness, is_whole
from orchestrator.edges.atomic import TEMPORARY
from orchestrator.edges.rows import job_of
from orchestrator.edges.tables import JOB_COLUMNS
from orchestrator.sandbox import Sandbox
from orchestrator.sandbox.platform import result_ids


def gather(
    out: Path,
    remote: Sandbox,
    push: PushRemote | None,
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
        sends=tuple(_pushed(push) if push else _uploaded(remote)),
        looks=tuple(looks),
        broken_off=tuple(entry["time"] for entry in entries if entry["fault"] == "drop_unread"),
        standing=_standing_pushed(push) if push else _standing(remote),
        most_uploads=remote.most_at_once["upload"],
        most_polls=remote.most_at_once["read"],
        unforeseen=tuple(witness.unforeseen),
        witnessed=witness.seen,
        requests=len(push.log) if push else sum(e["kind"] != "held" for e in entries),
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
    """Of each path's newest version, for an older one may have ended in the same run."""
    with report.open(newline="") as file:
        lines = sorted(csv.DictReader(file), key=lambda line: int(line["version"] or 0))
    known = {"skipped": "done"}
    return {
        line["path"]: (known.get(line["state"], line["state"]), *(line[column] for column in _LASTING))
        for line in lines
    }


_KEPT = ("results", "rejects")
_LASTING = ("name", "version", "rows", "bad_rows", "event_rows", "bad_event_rows", "results")
"""What a report says of a file in every run."""


_REFUSALS = {400, 413, 422}
"""A conflict is none: it says that the Name is taken, maybe by what we sent before."""


def _uploaded(remote: Sandbox) -> list[Send]:
    return [
        Send(
            at=entry["time"],
            name=entry["name"],
            overwrite=bool(entry["overwrite"]),
            digests=(entry["data_sha256"], entry["events_sha256"]),
            token=entry["token"],
            taken=entry["token"] is not None,
            fault=entry["fault"],
            refused=entry["fault"] == "fail" or entry["status"] in _REFUSALS,
            served=_served(entry),
        )
        for entry in remote.record.of("upload")
        if is_whole(entry)
    ]


def _served(entry: Mapping[str, Any]) -> dict[str, bytes]:
    token, name = entry["token"], entry["name"]
    if token is None:
        return {}
    if entry["fault"] == "fail":
        return {"feedback.txt": f"0|{name}|Processing failed".encode()}
    if entry["outcome"] == "conflict":
        return {"feedback.txt": f"0|{name}|A submission with this name already exists".encode()}
    return {"feedback.txt": b"", "tableofresultids.json": json.dumps(result_ids(token, entry["data_rows"])).encode()}


def _standing(remote: Sandbox) -> dict[str, Standing]:
    return {
        name: Standing(digests=(d.data_sha256, d.events_sha256), copies=d.copies, token=d.token)
        for name, d in remote.datasets.items()
    }


def _pushed(push: PushRemote) -> list[Send]:
    return [
        Send(
            at=pushed.at,
            name=pushed.name,
            overwrite=pushed.key is not None,
            digests=pushed.digests,
            token=None,
            taken=pushed.is_taken,
            fault=None if pushed.answer == "taken" else pushed.answer,
            refused=pushed.answer == "refused",
            served={},
        )
        for pushed in push.log
    ]


def _standing_pushed(push: PushRemote) -> dict[str, Standing]:
    return {
        pushed.name: Standing(digests=pushed.digests, copies=push.copies(pushed.name), token=None)
        for pushed in push.standing
    }
