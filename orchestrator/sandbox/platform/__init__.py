"""The "Platform": its identity server and its Upload API."""

from orchestrator.sandbox.platform.api import Platform
from orchestrator.sandbox.platform.datasets import Dataset, result_ids

__all__ = ["Dataset", "Platform", "result_ids"]
