"""What has to hold after each command, by the words of the README alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.model import RelPath
from tests.cli.ledger import ask, ledger_of
from tests.cli.mending import lines_in
from tests.histories.person import Person
from tests.histories.remote import Remote, Standing, Way
from tests.histories.rows import LINKS, PEOPLE, Row, digest_of, text_of


@dataclass(frozen=True, slots=True)
class File:
    """As the ledger knows it."""

    version: int
    state: str
    is_current: bool
    """It is of the bytes that stand in the folder."""

    @property
    def is_done(self) -> bool:
        return self.state == "done" and self.is_current


@dataclass(kw_only=True)
class Oracle:
    person: Person
    remote: Remote
    out: Path
    drop_rows: bool
    duplicates: str
    references: str
    before: Mapping[RelPath, File] = field(default_factory=dict)
    """After the command before."""
    broken: list[str] = field(default_factory=list)
    may_have_died: bool = False
    """A command died, and no run has ended since, which makes the lists that are missing."""
    lists_before: dict[RelPath, str] = field(default_factory=dict)
    """As they stood when the command began."""
    due: list[tuple[RelPath, Row]] = field(default_factory=list)
    """What the command has to bring to the remote."""
    begun_with: set[RelPath] = field(default_factory=set)
    """Files that a command knew which died since: it told of their rows, or would have."""

    def arriving(self, new: Standing) -> None:
        """Whatever dies and whenever: what arrives takes nothing from anybody, and nothing is there twice."""
        row, others = new.row, [one for one in self.remote.standing if one.row.kind == new.row.kind]
        if self.remote.way is Way.ADDS and any(one.row.tag == row.tag for one in others):
            self.broken.append(f"{row.tag} arrives a second time")
        for other in others:
            if other.row.id == row.id and other.row.tag != row.tag and self._is_taken_from(other, new):
                self.broken.append(f"{row.tag} of {new.path} arrives with the id of {other.row.tag} of {other.path}")
        if row.kind == LINKS and self.references == "error" and row not in self.remote.accepted:
            people = {one.row.id for one in self.remote.standing if one.row.kind == PEOPLE}
            if row.person not in people:
                self.broken.append(f"{row.tag} of {new.path} arrives and refers to {row.person}, who is not there")

    def _is_taken_from(self, other: Standing, new: Standing) -> bool:
        if self.remote.way is Way.REPLACES and other.path != new.path:
            return False  # both stay, and that is looked at in the end
        if other.path != new.path and self.duplicates != "error":
            return False
        known = self.before.get(other.path)
        return self._is_current(other) and known is not None and known.is_done

    def _is_current(self, one: Standing) -> bool:
        return one.row in self.person.forms.get(one.row.tag, ()) and one.path not in self.person.changed

    def files(self) -> dict[RelPath, File]:
        query = "SELECT path, version, state, data_sha256 FROM jobs WHERE part IS NULL ORDER BY version"
        texts = {path: digest_of(text_of(rows[0].kind, rows)) for path, rows in self.person.files.items()}
        return {
            RelPath(path): File(version, state, digest == texts.get(RelPath(path)))
            for path, version, state, digest in ask(self.out, query)
        }

    def is_there(self, path: RelPath, row: Row) -> bool:
        """In a form that it had since its file was changed. Where ids may be shared by files, the last one has it."""
        forms = [form for form in self.person.forms[row.tag] if form in self.remote.accepted]
        if any(one.path == path and one.row in forms for one in self.remote.standing):
            return True
        if self.remote.way is not Way.MERGES or self.duplicates == "error":
            return False
        theirs = {one.row.id for one in self.remote.standing if one.path != path and one.row.kind == row.kind}
        return any(form.id in theirs for form in forms)

    def died(self) -> None:
        self.may_have_died = True
        if ledger_of(self.out).exists():
            self.begun_with |= {path for path, file in self.files().items() if file.is_current}

    def begins(self, lists: Sequence[RelPath]) -> None:
        """*lists* are sent back."""
        self.lists_before = {path: self.text_of_list(path) for path in self.person.files}
        self.due = [] if self.may_have_died else [(path, row) for path in lists for row in self._due(path)]

    def _due(self, path: RelPath) -> list[Row]:
        """Rows of its list with which nothing is wrong, whatever becomes of others: they have to arrive."""
        known, rows = self.before.get(path), self.person.listed().get(path, [])
        if known is None or not known.is_current or path in self.person.changed:
            return []
        if not self.drop_rows and not known.is_done:
            return []  # its other rows may be as bad
        due = [row for row in rows if self._is_right_for_sure(path, row)]
        return due if self.drop_rows or len(due) == len(rows) else []

    def _is_right_for_sure(self, path: RelPath, row: Row) -> bool:
        others = [form for tag, forms in self.person.forms.items() if tag != row.tag for form in forms]
        others += [one.row for one in self.remote.standing if one.row.tag != row.tag]
        is_free = (row.kind, row.id) not in {(other.kind, other.id) for other in others}
        is_met = row.kind == PEOPLE or self.references != "error" or row.person in self._people_to_stay()
        return row.is_right and row.id not in self.remote.lacks and is_free and is_met

    def text_of_list(self, path: RelPath) -> str:
        place = self.out / "rejects" / path
        return place.read_text() if place.exists() else ""

    # After a command that ended

    def look(self, command: str, code: int, *, all_lists: bool) -> None:
        files = self.files()
        self.broken += self._wrong(files, command)
        self.broken += self._lost_edits()
        self.broken += self._wrong_code(files, command, code, all_lists=all_lists)
        if command == "resubmit":
            self.broken += self._undone(files)
            self.broken += [f"{row.tag} ({path}) was right, and is not there" for path, row in self._left_of_due()]
        self.before = files
        if command == "run":
            self.person.changed.clear()
            self.may_have_died = False
            self.begun_with.clear()

    def _wrong(self, files: Mapping[RelPath, File], command: str) -> Iterator[str]:
        for path, rows in self.person.files.items():
            file = files.get(path)
            if file is None or not file.is_current:
                continue
            if self.lists_before.get(path) != self.text_of_list(path):
                self.person.deleted.pop(path, None)  # it was made anew
            listed = lines_in(self.out / "rejects" / path)
            if len(listed) != len(set(listed)):
                yield f"a line of {path} is in its list twice"
            for line, row in enumerate(rows, 2):
                yield from self._wrong_with(path, file, line, row, command, is_listed=line in listed)
        if self.remote.way is not Way.MERGES:
            yield from self._shared(files)

    def _wrong_with(
        self, path: RelPath, file: File, line: int, row: Row, command: str, *, is_listed: bool
    ) -> Iterator[str]:
        is_there = self.is_there(path, row)
        where = f"{row.tag} ({path}, line {line})"
        may_be_listed_yet = command == "resubmit" and self.may_have_died
        is_out = row.tag in self.person.deleted.get(path, ())
        if file.is_done and not (is_there or is_listed or is_out or may_be_listed_yet):
            yield f"{where} is nowhere"
        if file.is_done and is_there and is_listed:
            yield f"{where} is at the remote, and in the list"

    def _shared(self, files: Mapping[RelPath, File]) -> Iterator[str]:
        there = [one for one in self.remote.standing if self._is_settled(one, files)]
        for number, one in enumerate(there):
            for other in there[:number]:
                is_same = (one.row.kind, one.row.id) == (other.row.kind, other.row.id) and one.row.tag != other.row.tag
                if is_same and (one.path == other.path or self.duplicates == "error"):
                    yield f"{one.row.tag} of {one.path} and {other.row.tag} of {other.path} both have {one.row.id}"

    def _is_settled(self, one: Standing, files: Mapping[RelPath, File]) -> bool:
        return one.path in files and files[one.path].is_done and one.row in self.person.forms.get(one.row.tag, ())

    def _lost_edits(self) -> Iterator[str]:
        """What a person wrote last into a row is at the remote, or still lies somewhere."""
        places = (place for name in ("rejects", "mended", "edited") for place in (self.out / name).rglob("*"))
        text = "".join(place.read_text() for place in places if place.is_file())
        for tag, row in self.person.wanted.items():
            if row not in self.remote.accepted and row.n not in text:
                yield f"what was written into the list for {tag} is nowhere"

    def _has_left_over(self) -> bool:
        """Each version replaces what stood under its own Names; what went under others stays, until a person removes
        it."""
        standing = self.remote.standing
        is_twice = len({one.row.tag for one in standing}) < len(standing)
        return self.remote.way is Way.REPLACES and (is_twice or not all(map(self._is_current, standing)))

    def _wrong_code(self, files: Mapping[RelPath, File], command: str, code: int, *, all_lists: bool) -> Iterator[str]:
        if code not in (0, 3) and not (self.may_have_died and code == 5):
            yield f"{command} ended with {code}"
        lacking = [path for path in self.person.files if not self._is_all_there(path, files)]
        if code == 3 and not lacking and not self._has_left_over():
            yield f"{command} ended with 3, and every row is at the remote"
        if code == 0 and command == "run":
            for path in lacking:
                file = files.get(path)
                if file is None or not file.is_done or (path not in self.begun_with and file != self.before.get(path)):
                    yield f"run ended with 0, and not all of {path} is at the remote"
        if code == 0 and command == "resubmit" and all_lists and any((self.out / "rejects").rglob("*.csv")):
            yield "resubmit ended with 0, and there are lists"

    def _is_all_there(self, path: RelPath, files: Mapping[RelPath, File]) -> bool:
        is_done = path in files and files[path].is_done
        return is_done and all(self.is_there(path, row) for row in self.person.files[path])

    def someone(self) -> str:
        return next(iter(self._people_to_stay()), "nobody")

    def _people_to_stay(self) -> list[str]:
        """The ids of people who are there as they should be, and whose rows nobody mends any more."""
        listed = {row.tag for rows in self.person.listed().values() for row in rows}
        there = [one for one in self.remote.standing if one.row.kind == PEOPLE and self._is_current(one)]
        return [one.row.id for one in there if one.row.tag not in listed and self._is_done(one.path)]

    def _is_done(self, path: RelPath) -> bool:
        return path in self.before and self.before[path].is_done

    def _left_of_due(self) -> Iterator[tuple[RelPath, Row]]:
        for path, row in self.due:
            if not any(one.row == row for one in self.remote.standing):
                yield path, row

    def _undone(self, files: Mapping[RelPath, File]) -> Iterator[str]:
        """A list of which nothing is right leaves its file as it is; what the remote refuses nobody knows before."""
        if self.references == "error" and self.remote.lacks:
            return
        for path, known in self.before.items():
            if known.is_done and path in files and not files[path].is_done and path not in self.person.changed:
                yield f"{path} was done, and is {files[path].state} since its rows were sent back"
