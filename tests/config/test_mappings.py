"""Mappings as files: read with all their mistakes, and held against the schemas that they are for."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from orchestrator.config.mappings import load_mapping
from orchestrator.config.schemas import load_schemas
from orchestrator.errors import ConfigError
from orchestrator.validation import Rules, read_mapping
from orchestrator.validation.moments import READ, WRITE

EXAMPLES = Path(__file__).parents[2] / "config" / "mappings"
PLATFORM = load_schemas(["platform.data"])
TAO = load_schemas(["tao"])
MADE = {"exams.toml": TAO, "flights.toml": PLATFORM}
"""What each example makes files of."""


def told(path: Path) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load_mapping(str(path), PLATFORM)
    return caught.value.problems


def test_none_is_configured_unless_it_is_said() -> None:
    assert load_mapping("", PLATFORM) is None


def test_every_example_can_be_used() -> None:
    assert {path.name for path in EXAMPLES.iterdir()} == {*MADE}
    for name, schemas in MADE.items():
        mapping = load_mapping(str(EXAMPLES / name), schemas)
        assert mapping is not None
        assert f"{mapping.name}.toml" == name


def test_the_example_of_exams_makes_right_sessions_of_the_plan_that_it_shows() -> None:
    path = EXAMPLES / "exams.toml"
    plan = re.search(r"reads:\n((?:# {5}.*\n)+)", path.read_text())
    assert plan is not None
    judge = Rules(schemas=TAO, mapping=load_mapping(str(path), TAO)).judge()

    made = judge.feed(plan[1].replace("#     ", "").encode()) + judge.close()

    assert made.split("\r\n")[1:] == [
        "d-71,10b,Algebra-1,Europe/Berlin,2024-07-01T07:00Z,2024-07-01T09:30Z,de",
        "d-72,10c,Botany,Europe/Berlin,2024-10-26T23:15Z,2024-10-27T01:45Z,en",
    ]
    verdict = judge.verdict
    assert (verdict.fault, verdict.bad, verdict.warnings, verdict.left_out) == (None, 0, (), 1)
    assert verdict.schema == "tao.sessions.delivery.existing_groups"


def known_in(place: str) -> set[str]:
    """The keys that a table there may have, as somebody is told who writes another one."""
    wrong = {"qqqqqq": 1}
    with pytest.raises(ConfigError) as caught:
        read_mapping({place: [wrong]} if place else wrong, "mine")
    (told,) = (problem for problem in caught.value.problems if "qqqqqq: is not a known key here" in problem)
    return {*told.partition("Known are ")[2].rstrip(".").split(", ")}


def test_the_examples_show_every_word_of_a_mapping() -> None:
    examples = [tomllib.loads((EXAMPLES / name).read_text()) for name in MADE]
    shown: dict[str, set[str]] = {"": {key for example in examples for key in example}}
    for place in ("columns", "moments", "leave_out"):
        shown[place] = {key for example in examples for table in example[place] for key in table}

    for place, words in shown.items():
        assert known_in(place) - words <= ({"title", "description"} if place else set())
    text = "".join((EXAMPLES / name).read_text() for name in MADE)
    assert all(f'"{word}"' in text for word in ("first", "second", "skip", "keep"))
    assert {*re.findall("%(.)", text)} == READ | WRITE


def test_all_mistakes_are_told_with_the_file_in_front(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text('[[columns]]\nto = "a"\nfrm = "x"\n')

    assert told(path) == (
        f'validation.mapping: {path}: columns "a": needs one of from, moment, value. '
        "Say what it is made of, and nothing else.",
        f'validation.mapping: {path}: columns "a".frm: is not a known key here. Did you mean from?',
    )


def test_columns_that_the_schema_does_not_have_are_told(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text('[[columns]]\nto = "Reference"\nfrom = "x"\n')

    (problem,) = told(path)

    assert problem.startswith(f"validation.mapping: {path}: columns: the header must have StartDate here")


def test_a_column_without_a_name_cannot_be_read(tmp_path: Path) -> None:
    """As the index that some exports begin with; one that is not used may be there."""
    path = tmp_path / "m.toml"
    path.write_text('[[columns]]\nto = "Reference"\nfrom = ""\n')

    (problem,) = told(path)

    assert problem.startswith(f"validation.mapping: {path}: columns: schema m: '' cannot be the name of a column")
    assert problem.endswith("Use columns that have a name, or give it one in the export.")


def test_a_mapping_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert told(tmp_path / "m.toml")[0].startswith(f"validation.mapping: {tmp_path}/m.toml: there is no such file.")
