"""What one file is judged by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.validation.cuts import UNLIMITED, Limits
from orchestrator.validation.dialect import CANONICAL, Dialect
from orchestrator.validation.judge import Judge
from orchestrator.validation.keys import Shelves
from orchestrator.validation.mapping import Mapping
from orchestrator.validation.mends import NO_MENDS, Mends
from orchestrator.validation.problem import BadRow
from orchestrator.validation.remarks import Remarks, nothing
from orchestrator.validation.schema import Schema


@dataclass(frozen=True, slots=True)
class Rules:
    schemas: tuple[Schema, ...]
    encoding: str = "utf-8"
    dialect: Dialect = CANONICAL
    mapping: Mapping | None = None
    limits: Limits = UNLIMITED
    remarks: Callable[[], Remarks] | None = None
    """About one file, from its beginning; None where nothing is said of it beside others."""
    shelves: Shelves | None = None
    """Where keys go that memory has no room for; None where there is no such place."""

    def judge(self, on_bad: Callable[[BadRow], object] = lambda bad: None, mends: Mends = NO_MENDS) -> Judge:
        return Judge(
            *self.schemas,
            encoding=self.encoding,
            dialect=self.dialect,
            mapping=self.mapping,
            on_bad=on_bad,
            limits=self.limits,
            mends=mends,
            fast=self.remarks is None,
            remarks=self.remarks() if self.remarks else nothing,
            shelves=self.shelves,
        )

    def judge_again(
        self, schema: Schema, leave_out: Callable[[int], bool] | None = None, mends: Mends = NO_MENDS
    ) -> Judge:
        """For one part of a file that was found to be of this *schema*."""
        return Judge(
            schema,
            encoding=self.encoding,
            dialect=self.dialect,
            mapping=self.mapping,
            fast=leave_out is None,
            leave_out=leave_out or (lambda line: False),
            mends=mends,
            shelves=self.shelves,
        )
