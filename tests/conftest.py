"""What all tests share."""

from __future__ import annotations

import gc
import inspect
import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import aioresponses.core
import pytest
import structlog
from aiohttp import ClientResponse, StreamReader
from aiohttp.client_proto import ResponseHandler
from hypothesis import HealthCheck, settings

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

_MEMORY = Path("/dev/shm")
_ROOM = 2 << 30

if os.access(_MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(_MEMORY).free > _ROOM:
    # Thousands of small folders on a disk take longer than most of the tests that fill them. What a disk forgets when
    # the power is cut is asked of a real one, by `make chaos`.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))

gc.disable()  # thousands of tests are collected, and none of them is garbage


def pytest_collection_finish() -> None:
    gc.enable()
    gc.freeze()  # nor do later collections look at them again


@pytest.fixture(autouse=True)
def _log_as_it_comes() -> None:
    """Another test may have chosen what is too quiet to be told."""
    structlog.reset_defaults()


class _Response(ClientResponse):
    """aioresponses 0.7.9 does not know the `stream_writer` that aiohttp 3.14 asks for (its issue 289)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("stream_writer", Mock())
        super().__init__(*args, **kwargs)


def _reader(loop: Any = None) -> StreamReader:
    protocol = ResponseHandler(loop=loop)
    protocol._parser = Mock()
    protocol._parser.feed_data = Mock(return_value=([], False, b""))
    return StreamReader(protocol, limit=2**16, loop=loop)


if "stream_writer" in inspect.signature(ClientResponse.__init__).parameters:
    aioresponses.core.ClientResponse = _Response
    aioresponses.core.stream_reader_factory = _reader


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the schedules of crashes and the failing disks came to, from all processes of this test run."""
    told: dict[str, Counter[str]] = {"numbers": Counter(), "moments": Counter()}
    for report in [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]:
        properties = report.user_properties if report.when == "call" else []
        for counts in [value for key, value in properties if key in ("crash", "disk")]:
            for kind, numbers in counts.items():
                told[kind].update(numbers)
    if not told["numbers"]:
        return
    terminalreporter.section("struck")
    terminalreporter.write_line(", ".join(f"{number:,} {what}" for what, number in told["numbers"].items()))
    for moment, number in sorted(told["moments"].items()):
        terminalreporter.write_line(f"{number:7,}  killed {moment}")
