"""A name for the rules that judged a file, so that a rejection holds only as long as they do."""

from __future__ import annotations

import codecs
import hashlib
import json
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from orchestrator.validation.dialect import CANONICAL, Dialect
from orchestrator.validation.mapping import Mapping
from orchestrator.validation.schema import Schema

# Raise it with every change after which some file would be judged differently.
VALIDATOR_VERSION = 9


def rules_digest(
    schemas: Iterable[Schema],
    encoding: str,
    policy: str,
    dialect: Dialect = CANONICAL,
    mapping: Mapping | None = None,
) -> str:
    """Equal exactly if nothing that decides about a file has changed; two names of a codec are the same."""
    rules = {
        "validator": VALIDATOR_VERSION,
        "encoding": codecs.lookup(encoding).name,
        "dialect": dialect,
        "mapping": mapping,
        "policy": policy,
        "schemas": list(schemas),
    }
    return hashlib.sha256(json.dumps(rules, sort_keys=True, default=_fields_of).encode()).hexdigest()


def rules_and(rules: str, more: str) -> str:
    """A name for these *rules* and what decides about one file beside them."""
    return hashlib.sha256(f"{rules}{more}".encode()).hexdigest()


def _fields_of(rule: Any) -> dict[str, Any]:
    return {field.name: getattr(rule, field.name) for field in fields(rule)}
