"""How fast to go, and when not to go at all. Pure: the time is passed in, and every change is told with its reason."""

from orchestrator.flow.gate import Gate, Tell, Work, nobody
from orchestrator.flow.polls import JobTimes, Schedule
from orchestrator.flow.width import STANDSTILL, Slots, Width

__all__ = ["STANDSTILL", "Gate", "JobTimes", "Schedule", "Slots", "Tell", "Width", "Work", "nobody"]
