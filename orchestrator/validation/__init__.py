"""Is a CSV file fit to be sent, and as which text? Pure: bytes in, text, counts and problems out."""

from orchestrator.validation.cuts import UNLIMITED, Cut, Limits
from orchestrator.validation.digest import VALIDATOR_VERSION, rules_digest
from orchestrator.validation.gaps import source_line
from orchestrator.validation.judge import Judge
from orchestrator.validation.problem import BadRow, Problem, Warned
from orchestrator.validation.rejects import reject_header, reject_line
from orchestrator.validation.schema import (
    Check,
    Column,
    Constraints,
    Header,
    Match,
    Order,
    Rule,
    Schema,
    Severity,
    Type,
)
from orchestrator.validation.verdict import Verdict
from orchestrator.validation.vocabulary import read_schema

__all__ = [
    "UNLIMITED",
    "VALIDATOR_VERSION",
    "BadRow",
    "Check",
    "Column",
    "Constraints",
    "Cut",
    "Header",
    "Judge",
    "Limits",
    "Match",
    "Order",
    "Problem",
    "Rule",
    "Schema",
    "Severity",
    "Type",
    "Verdict",
    "Warned",
    "read_schema",
    "reject_header",
    "reject_line",
    "rules_digest",
    "source_line",
]
