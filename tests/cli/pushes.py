"""A folder of records, the program, and an Endgrate in this process."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from cli.stage import Stage
from orchestrator.sandbox import EndgrateKnobs, Fault, Profile, serve

TYPE = "crm-contact"

CONFIG = """
[input]
folder = "inbox"
settle = 0

[output]
folder = "out"

[target]
kind = "endgrate"
base_url = "{base_url}"
session_id = "{session_id}"
endgrate_type = "crm-contact"
key = "{key}"

[polling]
first = 0.02
factor = 1.0
cap = 0.05
"""


class Pushing(Stage):
    @property
    def standing(self) -> Counter[str]:
        """How often the record with each id stands at the provider now."""
        return Counter(record.data["id"] for record in self.remote.provider.records[TYPE].values())

    @property
    def pushes(self) -> list[dict[str, Any]]:
        return [entry for entry in self.uploads if entry["direction"] in ("push", None)]


def people(first: int, count: int) -> str:
    """CSV with an id, a name and an address a row."""
    rows = [f"{number},Anna {number},Riga" for number in range(first, first + count)]
    return "\r\n".join(["id,name,address.city", *rows])


@asynccontextmanager
async def pushing(
    root: Path,
    files: Mapping[str, str],
    *faults: Fault,
    key: str = "",
    profile: Profile | None = None,
    seed: int = 1,
    **knobs: Any,
) -> AsyncIterator[Pushing]:
    profile = profile or Profile(job_base=0.0, script=faults, endgrate=EndgrateKnobs(**knobs))
    async with serve(profile, "endgrate", seed=seed) as remote:
        stage = Pushing(root, remote)
        config = CONFIG.format(base_url=remote.base_url, session_id=remote.session_id, key=key)
        stage.config.write_text(config)
        stage.secrets = {"ORCHESTRATOR_TARGET__API_KEY": remote.api_key}
        for name, text in files.items():
            (stage.folder / name).write_text(text, newline="")
        yield stage
