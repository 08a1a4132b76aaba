"""Mappings as files: read with all their mistakes, and held against the schemas that they are for."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.config.mappings import load_mapping
from orchestrator.config.schemas import load_schemas
from orchestrator.errors import ConfigError

EXAMPLES = Path(__file__).parents[2] / "config" / "mappings"
PLATFORM = load_schemas(["platform.data"])


def told(path: Path) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load_mapping(str(path), PLATFORM)
    return caught.value.problems


def test_none_is_configured_unless_it_is_said() -> None:
    assert load_mapping("", PLATFORM) is None


def test_every_example_can_be_used() -> None:
    examples = sorted(EXAMPLES.iterdir())

    assert [path.name for path in examples] == ["flights.toml"]
    for path in examples:
        mapping = load_mapping(str(path), PLATFORM)
        assert mapping is not None
        assert mapping.name == path.stem


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
