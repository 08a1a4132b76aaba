"""The commented example is the reference of the keys, so it names all of them, with their true defaults."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from orchestrator.config import Settings, load
from orchestrator.config.settings import KEYS, SECRET_KEYS
from orchestrator.config.targets import KINDS, OwnTarget
from orchestrator.validation import Dialect

EXAMPLES = Path(__file__).parents[2] / "config"
ADDRESSES_AND_NAMES = {
    *("token_url", "token_path", "upload_path"),
    *("client_id", "client_secret_file", "api_key_file", "secrets_dir"),
}

for_every_kind = pytest.mark.parametrize("kind", sorted(KINDS))


def example(kind: str) -> Path:
    return EXAMPLES / f"{kind}.toml"


def keys_of(kind: str) -> set[str]:
    every = (*KINDS.values(), OwnTarget)
    of_others = {f"target.{name}" for model in every for name in model.model_fields}
    own = {f"target.{name}" for name in KINDS[kind].model_fields}
    return set(KEYS) - of_others | own


@for_every_kind
def test_the_example_is_the_defaults(kind: str) -> None:
    assert load(example(kind), environ={}) == Settings(target=KINDS[kind](kind=kind))


@for_every_kind
def test_the_example_names_every_key_but_holds_no_secret(kind: str) -> None:
    tables = tomllib.loads(example(kind).read_text())

    named = {f"{section}.{key}" for section, keys in tables.items() for key in keys}

    assert named == keys_of(kind) - set(SECRET_KEYS)


@for_every_kind
def test_the_example_explains_where_the_secrets_come_from(kind: str) -> None:
    text = example(kind).read_text()
    needed = [key for key in SECRET_KEYS if key in keys_of(kind)]

    assert needed
    assert all(f"ORCHESTRATOR_{key.replace('.', '__')}".upper() in text for key in needed)


@for_every_kind
def test_the_example_says_why_on_every_line_that_is_not_a_name_or_an_address(kind: str) -> None:
    lines = [line for line in example(kind).read_text().splitlines() if " = " in line and not line.startswith("#")]

    bare = {line.partition(" = ")[0] for line in lines if " # " not in line and not line.startswith(" ")}

    assert bare <= ADDRESSES_AND_NAMES


def test_the_defaults_are_those_that_the_design_promises() -> None:
    settings = Settings()

    assert (settings.input.folder, settings.output.folder) == (Path("inbox"), Path("out"))
    assert (settings.input.pattern, settings.input.events) == ("**/*.csv", "{stem}.events.csv")
    assert (settings.input.events_required, settings.input.settle, settings.input.minimum) == (False, 2.0, 1)
    assert (settings.target.kind, settings.target.id, settings.target.name) == ("platform", "", "{relative}")
    assert settings.target.base_url == "https://api.example.com"
    assert settings.target.token_url == "https://identity.example.com/connect/token"
    assert (settings.target.overwrite, settings.target.sole_writer) == (False, False)
    assert settings.target.results == ("feedback", "tableofresultids")
    assert (settings.target.scope, settings.target.ca_file) == ("platform_upload_api", "")
    assert (settings.target.basic_encoding, settings.target.overwrite_encoding) == ("form", "string")
    assert (settings.validation.schema_names, settings.validation.on_bad_rows) == ((), "reject_file")
    assert (settings.schemas, settings.events_schema) == (("platform.data",), "platform.events")
    assert (settings.validation.encoding, settings.validation.dialect) == ("utf-8", Dialect())
    assert (settings.limits.uploads, settings.limits.in_flight, settings.limits.polls) == (16, 1000, 16)
    assert (settings.limits.bytes, settings.limits.rate, settings.limits.grace) == (128 * 1024**2, 0.0, 25.0)
    assert (settings.polling.first, settings.polling.factor, settings.polling.cap) == (2.0, 1.5, 30.0)
    assert (settings.polling.deadline, settings.polling.give_up) == (1800.0, 3 * 86400.0)


def test_the_fields_are_of_the_types_that_the_rest_of_the_program_counts_on() -> None:
    settings = load(example("platform"), environ={}, overrides=["limits.rate=1", "polling.first=1"])

    assert isinstance(settings.limits.bytes, int)
    assert isinstance(settings.polling.give_up, float)
    assert isinstance(settings.limits.rate, float)
    assert isinstance(settings.polling.first, float)
    assert isinstance(settings.target.results, tuple)
    assert isinstance(settings.input.folder, Path)
