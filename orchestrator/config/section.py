"""What every section of the configuration is made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from orchestrator.config import rules

Text = Annotated[str, AfterValidator(rules.plain)]
Bytes = Annotated[int, BeforeValidator(rules.size)]
Names = Annotated[tuple[str, ...], Field(strict=False), BeforeValidator(rules.one_or_more)]


class Section(BaseModel):
    """Strict: text in place of a number is a mistake in TOML, and `sources` reads what is text by nature."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)
