"""Every key that can be configured, with its type, its default and its rule. Nothing is read here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from orchestrator.config import rules
from orchestrator.config.section import Bytes, Names, Section, Text
from orchestrator.config.targets import KINDS, AnyTarget, OwnTarget, PlatformTarget, Target
from orchestrator.naming import printable
from orchestrator.validation import Dialect

MEBIBYTE = 1024 * 1024
TEN_YEARS = 3650 * 86400

Folder = Annotated[Path, Field(strict=False), BeforeValidator(rules.folder)]
Pattern = Annotated[Text, AfterValidator(rules.inside)]
Sign = Annotated[str, AfterValidator(rules.sign)]
# An end to durations keeps dates and timers that are made of them inside what they can hold.
Seconds = Annotated[float, BeforeValidator(rules.seconds), Field(le=TEN_YEARS, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class Input(Section):
    folder: Folder = Path("inbox")
    pattern: Annotated[Pattern, AfterValidator(rules.glob)] = "**/*.csv"
    events: Pattern = "{stem}.events.csv"
    events_required: bool = False
    settle: Seconds = Field(2.0, ge=0)
    minimum: int = Field(1, ge=0)

    @property
    def shortage(self) -> str:
        """What is wrong where fewer files are found than `minimum`."""
        return (
            f"{printable(str(self.folder))}: fewer files were found than input.minimum expects, which is "
            f"{self.minimum}. Looked for is what input.pattern ({self.pattern}) and the dates of a backfill pick out; "
            "what is packed has to be unpacked."
        )

    @field_validator("events")
    @classmethod
    def _is_another_file(cls, events: str, info: ValidationInfo) -> str:
        return rules.companion(events, info.data.get("pattern", ""))

    @field_validator("events_required")
    @classmethod
    def _can_be_met(cls, required: bool, info: ValidationInfo) -> bool:
        if required and info.data.get("events") == "":
            raise ValueError("true asks for what input.events rules out. Set input.events, or use false.")
        return required


class Output(Section):
    folder: Folder = Path("out")


class Validation(Section):
    # `schema` would hide a method of BaseModel, hence the other name in Python.
    schema_names: Names = Field((), alias="schema")
    events_schema: Text = ""
    on_bad_rows: Literal["reject_file", "drop_rows"] = "reject_file"
    encoding: Annotated[Text, AfterValidator(rules.codec)] = "utf-8"
    delimiter: Annotated[Sign, AfterValidator(rules.given)] = ","
    quote: Sign = '"'
    escape: Sign = Field("", validate_default=True)
    skip_rows: int = Field(0, ge=0, le=1000)
    mapping: Text = ""
    duplicates: Literal["off", "warning", "error"] = "off"
    references: Literal["off", "as_declared", "warning", "error"] = "as_declared"

    @field_validator("escape")
    @classmethod
    def _makes_a_dialect(cls, escape: str, info: ValidationInfo) -> str:
        """The last of the three looks at all of them together."""
        rules.dialect(info.data.get("delimiter", ","), info.data.get("quote", ""), escape)
        return escape

    @property
    def dialect(self) -> Dialect:
        return replace(rules.dialect(self.delimiter, self.quote, self.escape), skip_rows=self.skip_rows)


class Limits(Section):
    uploads: int = Field(16, ge=1, le=1000)
    in_flight: int = Field(1000, ge=1, le=100_000)
    polls: int = Field(16, ge=1, le=1000)
    bytes: Bytes = Field(128 * MEBIBYTE, ge=MEBIBYTE)
    rate: Number = Field(0.0, ge=0)
    grace: Seconds = Field(25.0, ge=0)

    @field_validator("in_flight")
    @classmethod
    def _leaves_no_upload_idle(cls, in_flight: int, info: ValidationInfo) -> int:
        uploads = info.data.get("uploads", 0)
        if in_flight < uploads:
            raise ValueError(f"{in_flight} is less than limits.uploads, {uploads}. Raise it, or lower limits.uploads.")
        return in_flight


class Polling(Section):
    first: Seconds = Field(2.0, ge=0)
    factor: Number = Field(1.5, ge=1)
    cap: Seconds = Field(30.0, gt=0)
    deadline: Seconds = Field(1800.0, gt=0)
    give_up: Seconds = Field(3 * 86400.0, gt=0)


class Settings(BaseSettings):
    """The whole configuration, checked. Made without `load`, it holds the defaults and what it is given."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    input: Input = Input()
    output: Output = Output()
    target: AnyTarget = PlatformTarget()
    validation: Validation = Validation()
    limits: Limits = Limits()
    polling: Polling = Polling()

    @property
    def schemas(self) -> tuple[str, ...]:
        """What files have to look like: what was chosen, or what the kind of target takes."""
        return self.validation.schema_names or self.target.takes

    @property
    def events_schema(self) -> str:
        """What their companions have to look like; empty where the kind of target takes none."""
        return self.target.takes_events and (self.validation.events_schema or self.target.takes_events)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # Without its own ones the library reads nothing of the surroundings that `load` was not given.
        return (init_settings,)


PREFIX = "ORCHESTRATOR_"
SECRETS = ("client_secret", "api_key")
SECRET_KEYS = tuple(f"target.{name}" for name in SECRETS)
_SECTIONS = [(name, type(outer.default)) for name, outer in Settings.model_fields.items()]
_TARGETS: tuple[type[Target], ...] = (*KINDS.values(), OwnTarget)
_OF_TARGETS = [("target", kind) for kind in _TARGETS]
KEYS = {
    f"{section}.{field.alias or name}": field
    for section, model in _SECTIONS + _OF_TARGETS
    for name, field in model.model_fields.items()
}
"""Those of every kind of target."""


def variable(path: str) -> str:
    """The environment variable that sets the key *path*."""
    return PREFIX + path.upper().replace(".", "__")
