"""How a problem of the configuration is told: one line, in plain words, and nothing that may be a secret."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

LONGEST = 60
HUGE = 10**LONGEST

WORDS = {
    "bool_type": "{value} is not true or false. Write true or false, without quotes.",
    "int_type": "{value} is not a whole number. Write a whole number, without quotes.",
    "float_type": "{value} is not a number. Write a number, without quotes.",
    "finite_number": "{value} is not a finite number. Write an ordinary number.",
    "string_type": "{value} is not text. Write it in quotes.",
    "path_type": "{value} is not a path. Write it in quotes.",
    "tuple_type": '{value} is not a list. Write it as in ["feedback"].',
    "greater_than_equal": "{value} is too small. Use {ge} or more.",
    "greater_than": "{value} is too small. Use more than {gt}.",
    "less_than_equal": "{value} is too large. Use {le} or less.",
    "literal_error": "{value} is not known. This version knows {expected}.",
    "union_tag_invalid": '"{tag}" is not known. This version knows {expected_tags}.',
    "missing": "is missing. Write it into the configuration.",
    "extra_forbidden": "is a key of another kind of target. Take it out, or check target.kind.",
    "value_error": "{error}",
}
OTHERWISE = "{value} cannot be used here. Write it as the commented example of the configuration does."


def printable(text: str) -> str:
    """*text* on one line, whatever it holds."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shown(value: object) -> str:
    """*value* as a person would have written it. A list or a table is only named: it may hold anything."""
    match value:
        case bool():
            return str(value).lower()
        case int() if abs(value) >= HUGE:
            return "a huge number"
        case int() | float():
            return str(value)
        case str() if len(value) > LONGEST:
            return f'"{printable(value[:LONGEST])}…"'
        case str():
            return f'"{printable(value)}"'
        case list() | tuple():
            return "a list"
        case dict():
            return "a table"
        case _:
            return "a value of this type"


def unknown(path: str, keys: Collection[str], spelled: Callable[[str], str] = str) -> str:
    """Says that no key is called *path*, and which may have been meant, *spelled* as in its source."""
    section, _, leaf = path.lower().rpartition(".")
    namesakes = [key for key in keys if key.partition(".")[2] == leaf]
    siblings = {key.partition(".")[2]: key for key in keys if key.partition(".")[0] == section}
    if namesakes:
        # A known name in the wrong section is what was meant, however little the sections are alike.
        near = get_close_matches(path.lower(), namesakes, n=1, cutoff=0.0)
    elif siblings:
        near = [siblings[name] for name in get_close_matches(leaf, siblings, n=1)]
    else:
        near = get_close_matches(path.lower(), keys, n=1)
    if near:
        return f"is not a known key. Did you mean {spelled(near[0])}?"
    if siblings:
        return f"is not a known key. The keys here are {', '.join(map(spelled, siblings.values()))}."
    sections = dict.fromkeys(key.partition(".")[0] for key in keys)
    return f"is not a known key. Keys are written section.key; the sections are {', '.join(sections)}."


def explain(
    faults: Iterable[Mapping[str, Any]], secrets: Collection[str], spelled: Mapping[str, str] | None = None
) -> list[str]:
    """The findings of pydantic in our words; what a key among *secrets* held is never shown.

    *spelled* is how the source of a value, where it has one, names its key.
    """
    spelled = spelled or {}
    lines = []
    for fault in faults:
        path = path_of(fault)
        details = {name: _detail(detail) for name, detail in fault.get("ctx", {}).items()}
        value = "what it holds" if path in secrets else shown(fault["input"])
        lines.append(f"{spelled.get(path, path)}: {WORDS.get(fault['type'], OTHERWISE).format(value=value, **details)}")
    return lines


def path_of(fault: Mapping[str, Any]) -> str:
    """The key that a person wrote. The number of an element of a list says nothing to who sees the element itself."""
    section, *rest = (part for part in fault["loc"] if isinstance(part, str))
    if section == "target":
        rest = rest[1:] or ["kind"]  # which kind of target it was taken for stands in between
    return ".".join([section, *rest])


def _detail(detail: object) -> str:
    """What pydantic adds to a finding, as a person would write it: without `.0`, in double quotes."""
    if isinstance(detail, ValueError):
        return str(detail)
    return str(detail).removesuffix(".0").replace("'", '"')
