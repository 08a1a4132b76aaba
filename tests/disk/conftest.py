"""How often the disk was made to fail, told at the end of a test run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Count = Callable[[str], None]


@pytest.fixture
def count_one(request: pytest.FixtureRequest) -> Count:
    """Goes with the test's report to whoever tells the end; see `tests/conftest.py`."""
    numbers: dict[str, int] = {}
    request.node.user_properties.append(("disk", {"numbers": numbers}))

    def count(what: str) -> None:
        numbers[what] = numbers.get(what, 0) + 1

    return count
