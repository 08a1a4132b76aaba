"""TAO: its token endpoint and the upload of CSV files for the Portal."""

from orchestrator.sandbox.tao.api import Tao
from orchestrator.sandbox.tao.imports import Import
from orchestrator.sandbox.tao.portal import Portal

__all__ = ["Import", "Portal", "Tao"]
