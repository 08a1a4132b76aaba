"""Is a CSV file fit to be sent, and as which text? Pure: bytes in, text, counts and problems out."""

from orchestrator.validation.digest import VALIDATOR_VERSION, rules_digest
from orchestrator.validation.gaps import source_line
from orchestrator.validation.judge import Judge, Verdict
from orchestrator.validation.platform import PLATFORM_DATA, PLATFORM_EVENTS
from orchestrator.validation.problem import BadRow, Problem
from orchestrator.validation.rejects import reject_header, reject_line
from orchestrator.validation.schema import Column, Format, Header, Rule, Schema

__all__ = [
    "PLATFORM_DATA",
    "PLATFORM_EVENTS",
    "VALIDATOR_VERSION",
    "BadRow",
    "Column",
    "Format",
    "Header",
    "Judge",
    "Problem",
    "Rule",
    "Schema",
    "Verdict",
    "reject_header",
    "reject_line",
    "rules_digest",
    "source_line",
]
