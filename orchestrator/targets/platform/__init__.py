"""The Platform's Upload API."""

from orchestrator.targets.platform.target import Platform, PlatformConfig

__all__ = ["Platform", "PlatformConfig"]
