"""One seed: a folder, a remote, and what a person and the program do to them in turn, until nothing is left to do."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.config import Settings
from orchestrator.model import RelPath
from orchestrator.request import Request
from tests.histories.oracle import Oracle
from tests.histories.person import IDS, Person
from tests.histories.program import Life, carry_out
from tests.histories.remote import Remote, Way
from tests.histories.rows import LINKS, PEOPLE

_COLUMN = '[[fields]]\nname = "{}"\ntype = "{}"\nconstraints.required = true\n'
_ID = _COLUMN.format("id", "string") + "constraints.unique = true\n"
_REST = _COLUMN.format("n", "integer") + _COLUMN.format("tag", "string")
_PERSON = _COLUMN.format("person", "string")
_REFERENCE = '[[foreignKeys]]\nfields = ["person"]\nreference = { resource = "people", fields = ["id"] }\n'
SCHEMAS = {
    PEOPLE: f'name = "people"\n{_ID}{_REST}',
    LINKS: f'name = "links"\n{_ID}{_PERSON}{_REST}{_REFERENCE}',
}
_LAST_ROUNDS = 5


@dataclass(kw_only=True)
class Plan:
    """What is drawn before the first step; a test may say it itself."""

    way: Way
    drop_rows: bool
    duplicates: str
    references: str
    kinds: tuple[str, ...]
    steps: int
    deaths: float
    part_rows: int = 0

    @classmethod
    def drawn(cls, rng: random.Random) -> Plan:
        return cls(
            way=rng.choice(list(Way)),
            drop_rows=rng.random() < 0.75,
            duplicates=rng.choice(("error", "error", "warning", "off")),
            references=rng.choice(("error", "error", "warning", "off")),
            kinds=rng.choice(((PEOPLE,), (PEOPLE, PEOPLE), (PEOPLE, PEOPLE), (PEOPLE, LINKS), (PEOPLE, PEOPLE, LINKS))),
            steps=rng.randint(2, 8),
            deaths=rng.choice((0.0, 0.0, 0.3)),
            part_rows=rng.choice((0, 0, 0, 2)),
        )


@dataclass(kw_only=True)
class History:
    seed: int
    root: Path
    plan: Plan | None = None
    told: list[str] = field(default_factory=list)
    codes: list[tuple[str, int | None]] = field(default_factory=list)
    """Of each command; None: it died."""

    def __post_init__(self) -> None:
        self.rng = rng = random.Random(self.seed)
        self.plan = plan = self.plan or Plan.drawn(rng)
        folder, self.out = self.root / "in", self.root / "out"
        folder.mkdir(parents=True)
        self.settings = self._settings(plan)
        self.remote = Remote(way=plan.way, lacks=set(rng.sample(IDS, rng.choice((0, 0, 1, 2)))))
        bad = rng.choice((0.1, 0.3))
        self.person = Person(rng=rng, folder=folder, lists=self.out / "rejects", bad=bad, someone=self._someone)
        self.oracle = Oracle(
            person=self.person,
            remote=self.remote,
            out=self.out,
            drop_rows=plan.drop_rows,
            duplicates=plan.duplicates,
            references=plan.references,
        )
        self.remote.arriving = self.oracle.arriving

    def _settings(self, plan: Plan) -> Settings:
        schemas = []
        for name, text in SCHEMAS.items():
            place = self.root / f"{name}.toml"
            place.write_text(text)
            schemas.append(str(place))
        return Settings.model_validate(
            {
                "input": {"folder": self.root / "in", "settle": 0.0},
                "output": {"folder": self.out},
                "target": {
                    "kind": "tests.histories:remote",
                    "base_url": "http://localhost",
                    "replaces": plan.way is Way.REPLACES,
                    "part_rows": plan.part_rows,
                },
                "validation": {
                    "schema": tuple(schemas),
                    "on_bad_rows": "drop_rows" if plan.drop_rows else "reject_file",
                    "duplicates": plan.duplicates,
                    "references": plan.references,
                },
                "polling": {"first": 0.0},
            }
        )

    def carry_out(self) -> None:
        for kind in self.plan.kinds:
            self._add_file(kind)
        self._run()
        for _ in range(self.plan.steps):
            if self._is_over():
                return
            self._step()
        if not self._is_over():
            self._mend_the_rest()

    def _is_over(self) -> bool:
        return bool(self.oracle.broken)

    def _step(self) -> None:
        step = self.rng.choices(
            (self._run, self._work, self._work_and_resubmit, self._resubmit, self._change, self._add, self._supply),
            (2, 2, 6, 2, 2, 1, 1),
        )[0]
        step()

    # What a person does

    def _work(self) -> None:
        for path in self.person.listed():
            if self.rng.random() < 0.8:
                before = self.person.listed()[path]
                self.person.work_on(path)
                self.told.append(f"work on {path}: {before} -> {self.person.listed().get(path)}")

    def _work_and_resubmit(self) -> None:
        self._work()
        self._resubmit()

    def _change(self) -> None:
        if self.plan.way is Way.ADDS:
            return  # it would be kept back: its rows are not found again
        path = self.rng.choice(list(self.person.files))
        self.person.change_file(path)
        self.told.append(f"change {path}: {self.person.files[path]}")
        if self.rng.random() < 0.7:
            self._run()

    def _add(self) -> None:
        if len(self.person.files) < 4:
            self._add_file(self.rng.choice(self.plan.kinds))
            self._run()

    def _add_file(self, kind: str) -> None:
        path = RelPath(f"{self.rng.choice('abcdefgh')}{len(self.person.files)}.csv")
        self.person.add_file(path, kind, self.rng.randint(1, 4))
        self.told.append(f"add {path}: {self.person.files[path]}")

    def _supply(self) -> None:
        """What the remote lacked is there, or not any more."""
        self.remote.lacks = set(self.rng.sample(IDS, self.rng.choice((0, 0, 1))))
        self.told.append(f"remote lacks {sorted(self.remote.lacks)}")

    # What the program does

    def _run(self) -> None:
        self._command(Request(), mortal=True)

    def _resubmit(self) -> None:
        named = [path for path in self.person.listed() if self.rng.random() < 0.5]
        lists = tuple(named) if self.rng.random() < 0.3 else ()
        self._command(Request(command="resubmit", lists=lists), mortal=True)

    def _command(self, request: Request, *, mortal: bool = False) -> int | None:
        self.person.note_lists()
        self.oracle.begins(self._sent_back(request))
        dies = mortal and self.rng.random() < self.plan.deaths
        life = Life(self.rng.randint(1, 60) if dies else None)
        finished = carry_out(self.settings, self.remote, request, life)
        name = " ".join([request.command, *(request.lists or ())])
        code = None if finished is None else int(finished.exit_code)
        self.codes.append((request.command, code))
        if finished is None or code is None:
            self.told.append(f"{name}: died at {life.ends_at}")
            self.oracle.died()
            return None
        self.told.append(f"{name}: {code} {finished.message}")
        self.told.append(f"    there: {[(one.path, *one.row.cells.values()) for one in self.remote.standing]}")
        self.told.append(f"    lists: {self._lists()}")
        self.oracle.look(request.command, code, all_lists=request.lists == ())
        return code

    def _sent_back(self, request: Request) -> list[RelPath]:
        lists = [] if request.lists is None else self.person.listed()
        return [path for path in lists if not request.lists or path in request.lists]

    def _someone(self) -> str:
        return self.oracle.someone()

    def _lists(self) -> Sequence[str]:
        return [f"{path}: {[tuple(row.cells.values()) for row in rows]}" for path, rows in self.person.listed().items()]

    def _mend_the_rest(self) -> None:
        """With nothing wrong any more, in some rounds, all of it comes to the remote."""
        self.remote.lacks = set()
        for _ in range(_LAST_ROUNDS):
            self._command(Request())
            lists = self.person.listed()
            if self._is_over() or not lists:
                break
            for path in lists:
                self.person.mend_all(path)
            self.told.append("mend all")
            self._command(Request(command="resubmit", lists=()))
            if self._is_over():
                break
        code = None if self._is_over() else self._command(Request())
        if code and not self._is_over():
            self.oracle.broken.append(f"with nothing wrong any more it ends with {code}")
