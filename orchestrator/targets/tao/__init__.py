"""TAO's upload of CSV files, which are imported row by row."""

from orchestrator.targets.tao.target import Tao, TaoConfig

__all__ = ["Tao", "TaoConfig"]
