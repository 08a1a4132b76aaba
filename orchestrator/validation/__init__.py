"""Is a CSV file fit to be sent, and as which text? Pure: bytes in, text, counts and problems out."""

from orchestrator.validation.cuts import UNLIMITED, Cut, Limits
from orchestrator.validation.described import describe
from orchestrator.validation.dialect import CANONICAL, Dialect
from orchestrator.validation.digest import VALIDATOR_VERSION, rules_and, rules_digest
from orchestrator.validation.explained import Explained, explain
from orchestrator.validation.gaps import SourceLines
from orchestrator.validation.judge import Judge
from orchestrator.validation.keyed import is_keyed, keyed
from orchestrator.validation.keys import Shelves
from orchestrator.validation.legend import read_mapping
from orchestrator.validation.looking import Sight, look
from orchestrator.validation.mapped import bound_to, source_of
from orchestrator.validation.mapping import Mapping
from orchestrator.validation.mended import MendedList, read_mended
from orchestrator.validation.mends import NO_MENDS, Mends
from orchestrator.validation.nesting import shape_of
from orchestrator.validation.placing import Placing
from orchestrator.validation.problem import BadRow, Problem, Warned
from orchestrator.validation.rejects import reject_header, reject_line
from orchestrator.validation.relations import OFF, Asking, Holding, Relations, untold
from orchestrator.validation.remarks import Remark, Remarks, in_turn
from orchestrator.validation.rules import Rules
from orchestrator.validation.schema import (
    Check,
    Column,
    Constraints,
    Header,
    Match,
    Order,
    Reference,
    Rule,
    Schema,
    Severity,
    Type,
)
from orchestrator.validation.ties import Tie, Ties
from orchestrator.validation.verdict import Verdict
from orchestrator.validation.vocabulary import read_schema

__all__ = [
    "CANONICAL",
    "NO_MENDS",
    "OFF",
    "UNLIMITED",
    "VALIDATOR_VERSION",
    "Asking",
    "BadRow",
    "Check",
    "Column",
    "Constraints",
    "Cut",
    "Dialect",
    "Explained",
    "Header",
    "Holding",
    "Judge",
    "Limits",
    "Mapping",
    "Match",
    "MendedList",
    "Mends",
    "Order",
    "Placing",
    "Problem",
    "Reference",
    "Relations",
    "Remark",
    "Remarks",
    "Rule",
    "Rules",
    "Schema",
    "Severity",
    "Shelves",
    "Sight",
    "SourceLines",
    "Tie",
    "Ties",
    "Type",
    "Verdict",
    "Warned",
    "bound_to",
    "describe",
    "explain",
    "in_turn",
    "is_keyed",
    "keyed",
    "look",
    "read_mapping",
    "read_mended",
    "read_schema",
    "reject_header",
    "reject_line",
    "rules_and",
    "rules_digest",
    "shape_of",
    "source_of",
    "untold",
]
