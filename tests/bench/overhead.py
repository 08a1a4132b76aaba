"""The CPU of a file in `run`, beside that of a bare loop which sends the same requests.

Each figure is the slope between N and 3N files, so that start and end of a process do not count. What is
compared runs in turns, in several rounds; the bare loop gets thrice the files, to be as long at work. Other
work on the machine only ever adds CPU time, so the least of all rounds at either size makes the slope that
counts; the one that the medians make is shown beside it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median

from tests.bench.folders import fill
from tests.bench.process import Spent, product, script, spend
from tests.bench.remote import Remote, remote, require_all_done
from tests.bench.table import Line

FLOOR, AIM = 2.5, 1.5

_SETTINGS = ("polling.first=0", "input.settle=0")
_KEPT = "target.sole_writer=true"
"""Uploads may be repeated then, so they use connections again, as the bare loop does."""
_PROGRAMS = {"bare": 3, "durable": 2, "fresh": 2, "run": 1, "kept": 1, "forgetful": 1}
"""Each with how many times N files it gets, and thrice as many after that."""


class Rounds:
    """What each program spent on few and on thrice as many files, round by round."""

    def __init__(self) -> None:
        self._spent: dict[str, dict[int, list[Spent]]] = defaultdict(lambda: defaultdict(list))

    def note(self, program: str, files: int, spent: Spent) -> None:
        self._spent[program][files].append(spent)

    def cpu(self, program: str, choose: Callable[[Iterable[float]], float]) -> float:
        """Milliseconds of one more file, between what *choose* takes of the rounds at either size."""
        (few, of_few), (many, of_many) = sorted(self._spent[program].items())
        return 1000 * (choose(one.cpu for one in of_many) - choose(one.cpu for one in of_few)) / (many - few)

    def figures(self) -> dict[str, list[float]]:
        return {
            f"{program}_{files}_cpu_s_rounds": [one.cpu for one in spent]
            for program, sizes in self._spent.items()
            for files, spent in sizes.items()
        }


def overhead(place: Path, *, quick: bool) -> list[Line]:
    few, times = (100, 2) if quick else (250, 4)
    rounds = Rounds()
    with remote("null", place / "null.log") as null:
        for number in range(times):
            _measure_all(null, place / f"round{number}", rounds, few)
    bare, durable, fresh, run, kept, forgetful = (rounds.cpu(program, min) for program in _PROGRAMS)
    middle = rounds.cpu("run", median) / rounds.cpu("bare", median)
    return [
        Line(
            what="overhead",
            measured=f"CPU a file, run ÷ bare aiohttp; slope {few}–{3 * few} files; least of {times} rounds",
            floor=f"≤ {FLOOR}",
            aim=f"≤ {AIM}",
            result=f"{run / bare:.2f} (of medians {middle:.2f})",
            reached=run / bare <= FLOOR,
            notes=(f"{run:.2f} ms a file in run, {bare:.2f} ms in the bare loop (user + system)",),
            figures={
                "ratio": run / bare,
                "ratio_of_medians": middle,
                "run_ms": run,
                "bare_ms": bare,
                **rounds.figures(),
            },
        ),
        Line(
            what="  connections kept",
            measured="the same with target.sole_writer; else an upload that may not be repeated has one of its own",
            result=f"{kept / bare:.2f} ({kept:.2f} ms a file)",
            figures={"kept_ms": kept, "ratio_kept": kept / bare},
        ),
        Line(
            what="  of which durability",
            measured="run − run whose ledger is a dictionary (no SQL, commits, fsync, hops)",
            result=f"{(run - forgetful) / bare:.2f} ({run - forgetful:.2f} ms a file)",
            figures={"durability_ms": run - forgetful, "share_of_ratio": (run - forgetful) / bare},
        ),
        Line(
            what="  bare, made durable",
            measured="the bare loop with one regex, SHA-256, three group commits and two result files, and no more",
            result=f"{durable / bare:.2f} ({durable:.2f} ms a file)",
            figures={"least_durable_ms": durable, "ratio_least_durable": durable / bare},
        ),
        Line(
            what="  and safe",
            measured="the same, where an upload that may not be repeated has a connection of its own",
            result=f"{fresh / bare:.2f} ({fresh:.2f} ms a file)",
            figures={"least_safe_ms": fresh, "ratio_least_safe": fresh / bare},
        ),
    ]


def _measure_all(null: Remote, place: Path, rounds: Rounds, few: int) -> None:
    for least in (few, 3 * few):
        for program, times in _PROGRAMS.items():
            files = times * least
            folder = fill(place / f"{place.name}-{program}-{files}", files)
            rounds.note(program, files, _measure(null, program, folder, files))


def _measure(null: Remote, program: str, folder: Path, files: int) -> Spent:
    log, out = folder.with_suffix(".log"), folder.with_suffix(".out")
    if program == "bare":
        return spend(script(program, *null.arguments(folder)), log, null.secrets)
    if program in ("durable", "fresh"):
        options = ["fresh"] * (program == "fresh")
        return spend(script("durable", *null.arguments(folder), str(out), *options), log, null.secrets)
    arguments = null.run(folder, out, *_SETTINGS, *[_KEPT] * (program == "kept"))
    command = script(program, *arguments) if program == "forgetful" else product(*arguments)
    spent = spend(command, log, null.secrets)
    require_all_done(out, files)
    return spent
