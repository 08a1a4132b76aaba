"""Endgrate: records pushed to a provider behind it, in a session that a person has configured."""

from orchestrator.targets.endgrate.pull import EndgratePull
from orchestrator.targets.endgrate.sessions import Sessions
from orchestrator.targets.endgrate.target import Endgrate, EndgrateConfig

__all__ = ["Endgrate", "EndgrateConfig", "EndgratePull", "Sessions"]
