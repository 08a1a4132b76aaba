"""Endgrate: sessions that somebody must configure, and transfers that push and pull records."""

from orchestrator.sandbox.endgrate.api import Endgrate
from orchestrator.sandbox.endgrate.provider import Provider, Stored
from orchestrator.sandbox.endgrate.transfers import Transfer

__all__ = ["Endgrate", "Provider", "Stored", "Transfer"]
