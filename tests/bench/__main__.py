"""`python -m tests.bench [LINE …]`: measure, print the table, say what was missed. Loopback only.

The exit code is 0 whatever the figures are, and 1 when something broke: a missed floor stands in the table.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from tests.bench.alternative import alternative
from tests.bench.big import big
from tests.bench.makespan import makespan
from tests.bench.many import many
from tests.bench.overhead import overhead
from tests.bench.polling import polling
from tests.bench.process import BrokenError
from tests.bench.start import start
from tests.bench.table import Line, machine, render
from tests.bench.validation import validation


class Measure(Protocol):
    def __call__(self, place: Path, /, *, quick: bool) -> list[Line]:
        """Measure in *place*, a new folder for this alone; *quick* takes less care and time."""
        ...


MEASURES: dict[str, Measure] = {
    "overhead": overhead,
    "alternative": alternative,
    "makespan": makespan,
    "polling": polling,
    "validation": validation,
    "big": big,
    "many": many,
    "start": start,
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    if unknown := set(options.lines) - set(MEASURES):
        parser.error(f"no such line: {', '.join(sorted(unknown))}; there are {', '.join(MEASURES)}")
    lines: list[Line] = []
    broken: list[str] = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="orchestrator-bench-") as folder:
        host = machine(Path(folder))
        for name in dict.fromkeys(options.lines or MEASURES):
            print(f"bench: {name} …", file=sys.stderr, flush=True)
            place = Path(folder) / name
            place.mkdir()
            try:
                lines += MEASURES[name](place, quick=options.quick)
            except (BrokenError, OSError, AssertionError) as error:
                broken.append(f"{name}: {type(error).__name__}: {error}")
    seconds = time.monotonic() - began
    _tell(lines, broken, host, seconds, quick=options.quick)
    if options.json:
        content = {
            "quick": options.quick,
            "seconds": round(seconds, 1),
            "machine": host,
            "lines": [line.as_json() for line in lines],
            "broken": broken,
        }
        options.json.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return 1 if broken else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Speed, as ratios side by side.")
    parser.add_argument("lines", nargs="*", metavar="LINE", help=f"of {', '.join(MEASURES)}")
    parser.add_argument("--quick", action="store_true", help="fewer files and rounds: a look, not a figure")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there as well")
    return parser


def _tell(lines: Sequence[Line], broken: Sequence[str], host: dict[str, str], seconds: float, *, quick: bool) -> None:
    text = [
        render(lines),
        "",
        "machine: " + ", ".join(f"{key} {value}" for key, value in host.items()),
        f"took {seconds:.0f} s{', with --quick' if quick else ''}; compare the ratios, not the milliseconds",
        *(f"BROKEN  {line}" for line in broken),
    ]
    print("\n".join(text))


if __name__ == "__main__":
    sys.exit(main())
