"""The warm process, one for all tests of a worker, and what each test came to."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

_TESTS = str(Path(__file__).parent.parent)
if _TESTS not in sys.path:
    sys.path.append(_TESTS)

from cli.rosters import Roster  # noqa: E402
from crash.checker import Promise  # noqa: E402
from crash.deliveries import Delivery  # noqa: E402
from crash.scene import Promised, Warm, undisturbed, warmed  # noqa: E402
from crash.tally import Tally  # noqa: E402


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    with warmed() as process:
        yield process


@pytest.fixture(scope="session")
def promised(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Promised:
    """What an undisturbed run comes to, found out once for each class of delivery."""
    known: dict[tuple[str, int], Promise] = {}

    async def promise(delivery: Delivery, rosters: Sequence[Roster]) -> Promise:
        key = delivery.name, len(rosters)
        if key not in known:
            known[key] = await undisturbed(tmp_path_factory.mktemp("calm"), warm, delivery, rosters)
        return known[key]

    return promise


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """Goes with the test's report to whoever tells the end; see `tests/conftest.py`."""
    tally = Tally()
    request.node.user_properties.append(("crash", {"numbers": tally.numbers, "moments": tally.moments}))
    return tally
