"""What requests to Endgrate say: JSON bodies and queries, judged strictly, with a reason for every member."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from aiohttp.hdrs import CONTENT_TYPE

from orchestrator.sandbox.api import Head


class BodyError(ValueError):
    """A request that is not in order: what is wrong with which member."""

    def __init__(self, **problems: str) -> None:
        super().__init__("; ".join(f"{member} {problem}" for member, problem in problems.items()))
        self.problems = problems


def members(head: Head, body: bytes) -> dict[str, Any]:
    """The members of a JSON body."""
    if head.headers.get(CONTENT_TYPE, "").partition(";")[0].strip().lower() != "application/json":
        raise BodyError(body="must be application/json")
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        raise BodyError(body="is not JSON") from None
    if not isinstance(given, dict):
        raise BodyError(body="is not an object")
    return given


def query(head: Head) -> dict[str, str]:
    pairs = parse_qsl(head.query, keep_blank_values=True)
    if len(dict(pairs)) < len(pairs):
        raise BodyError(query="has a member twice")
    return dict(pairs)


def text(given: Mapping[str, object], member: str) -> str:
    value = given.get(member)
    if not isinstance(value, str) or not value:
        raise BodyError(**{member: "is required"})
    return value


def flag(given: Mapping[str, object], member: str) -> bool:
    value = given.get(member, False)
    if not isinstance(value, bool):
        raise BodyError(**{member: "must be true or false"})
    return value


def number(given: Mapping[str, str], member: str, default: int, least: int, most: int | None = None) -> int:
    value = given.get(member, str(default))
    if not value.isascii() or not value.isdigit() or int(value) < least or (most is not None and int(value) > most):
        raise BodyError(**{member: f"must be a number from {least} to {'any' if most is None else most}"})
    return int(value)


def schema_types(given: Mapping[str, object]) -> list[str]:
    """The endgrate types of the schemas that a session is to have; a schema without one goes by its title."""
    schemas = given.get("schema")
    if not isinstance(schemas, list) or not schemas or not all(isinstance(one, dict) for one in schemas):
        raise BodyError(schema="must be a list of schemas")
    return [text(one, "endgrate_type" if "endgrate_type" in one else "title") for one in schemas]


def records(given: Mapping[str, object]) -> list[dict[str, Any]]:
    """The records of a push."""
    items = given.get("transfer_data")
    if not isinstance(items, list) or not items:
        raise BodyError(transfer_data="must be a list of records")
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get("data"), dict):
            raise BodyError(transfer_data="must be of objects which have an object as data")
        if not all(isinstance(item.get(key, ""), str) for key in ("id", "internal_id")):
            raise BodyError(transfer_data="must have ids that are strings")
        if not isinstance(item.get("associations", {}), dict):
            raise BodyError(transfer_data="must have associations that are objects")
    return items


def digest(items: list[dict[str, Any]]) -> str:
    """The SHA-256 of records as canonical JSON: UTF-8, keys in order, no spaces."""
    canonical = json.dumps(items, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
