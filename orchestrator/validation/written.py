"""A table that a person wrote: each key is asked for by its kind, and what nobody asked for is a mistake.

Mistakes are collected, so that all of them can be told at once: where, what and how to mend it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

_T = TypeVar("_T")
_LONGEST = 60


class Table:
    def __init__(self, values: object, problems: list[str], place: str = "") -> None:
        """*place* is where the table stands, as a person would write it; "" is the whole file."""
        self.problems = problems
        self._place = place
        self._known: set[str] = set()
        self._values: Mapping[str, Any] = {}
        if isinstance(values, Mapping):
            self._values = values
        else:
            self.complain("", "is not a table. Write keys with their values.")

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def lacks(self, key: str) -> bool:
        """Whether nothing was written there, be it right or wrong."""
        return self._values.get(key) in (None, "", {})

    def complain(self, key: str, words: str) -> None:
        place = ".".join(filter(None, (self._place, key)))
        self.problems.append(f"{place}: {words}" if place else words)

    def text(self, key: str, default: str = "", *, among: Collection[str] = ()) -> str:
        value = self._take(key, str, default, "text. Write it in quotes")
        if among and value not in among:
            self.complain(key, f"{_shown(value)} is not known{_nearest(value, among)}")
            return default
        return value

    def number_as_text(self, key: str) -> str:
        """A number, or a date as text: how it stands in a cell."""
        value = self._values.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            self._known.add(key)
            return str(value)
        return self.text(key)

    def flag(self, key: str, *, default: bool = False) -> bool:
        return self._take(key, bool, default, "true or false. Write one of them, without quotes")

    def count(self, key: str) -> int | None:
        if key not in self._values:
            return None
        value = self._take(key, int, 0, "a whole number. Write one, without quotes")
        if isinstance(value, bool) or value < 0:
            self.complain(key, f"{_shown(value)} is not a whole number from 0 on. Write one, without quotes.")
        return value

    def whole(self, key: str, default: int) -> int:
        value = self._take(key, int, default, "a whole number. Write one, without quotes")
        return default if isinstance(value, bool) else value

    def pairs(self, key: str, example: str = '{ one = "1", two = "2" }') -> tuple[tuple[str, str], ...]:
        """A table of texts, in its order."""
        self._known.add(key)
        values = self._values.get(key, {})
        if not isinstance(values, Mapping) or not all(isinstance(value, str) for value in values.values()):
            self.complain(key, f"is not a table of texts. Write it as in {example}.")
            return ()
        return tuple(values.items())

    def texts(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A single text counts as a list of one."""
        value = self._values.get(key, default)
        self._known.add(key)
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list | tuple) or not all(isinstance(one, str) for one in values):
            self.complain(key, 'is not a list of texts. Write it as in ["one", "two"].')
            return default
        return tuple(values)

    def table(self, key: str) -> Table:
        self._known.add(key)
        return Table(self._values.get(key, {}), self.problems, ".".join(filter(None, (self._place, key))))

    def tables(self, key: str, *, named: str = "") -> list[Table]:
        """*named* is the key whose text tells one from another; else they are numbered."""
        self._known.add(key)
        values = self._values.get(key, [])
        if not isinstance(values, list):
            self.complain(key, f"is not a list of tables. Write [[{key}]] above each.")
            return []
        tables = []
        for number, value in enumerate(values, 1):
            name = value.get(named) if isinstance(value, Mapping) else None
            place = f"{key} {_shown(name)}" if isinstance(name, str) and name else f"{key} number {number}"
            tables.append(Table(value, self.problems, ".".join(filter(None, (self._place, place)))))
        return tables

    def remark(self, *keys: str) -> None:
        """Take note of what is there for people only."""
        self._known.update(keys)

    def done(self) -> None:
        """Whatever has not been asked for by now has no meaning here."""
        for key in self._values.keys() - self._known:
            self.complain(key, f"is not a known key here{_nearest(key, self._known)}")

    def _take(self, key: str, kind: type[_T], default: _T, what: str) -> _T:
        self._known.add(key)
        value = self._values.get(key, default)
        if not isinstance(value, kind):
            self.complain(key, f"{_shown(value)} is not {what}.")
            return default
        return value


def _shown(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"' if len(value) <= _LONGEST else f'"{value[:_LONGEST]}…"'
        case int() | float() if len(words := repr(value)[: _LONGEST + 1]) <= _LONGEST:
            return words
    return "what it holds"


def _nearest(word: str, known: Collection[str]) -> str:
    folded = {name.casefold(): name for name in sorted(known)}
    near = get_close_matches(word.casefold()[:_LONGEST], folded, n=1)
    return f". Did you mean {folded[near[0]]}?" if near else f". Known are {', '.join(sorted(filter(None, known)))}."
