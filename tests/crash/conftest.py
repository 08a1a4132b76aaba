"""What an undisturbed run comes to, once for all tests of a worker, and what each test came to."""

from __future__ import annotations

import pytest

from crash.deliveries import Delivery
from crash.promise import Promise
from crash.scene import Promised, undisturbed
from crash.tally import Tally


@pytest.fixture(scope="session")
def promised(tmp_path_factory: pytest.TempPathFactory) -> Promised:
    """What an undisturbed run comes to, found out once for each class of delivery."""
    known: dict[tuple[str, int], Promise] = {}

    async def promise(delivery: Delivery, count: int) -> Promise:
        key = delivery.name, count
        if key not in known:
            known[key] = await undisturbed(tmp_path_factory.mktemp("calm"), delivery, delivery.content.plain(count))
        return known[key]

    return promise


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """Goes with the test's report to whoever tells the end; see `tests/conftest.py`."""
    tally = Tally()
    request.node.user_properties.append(("crash", {"numbers": tally.numbers, "moments": tally.moments}))
    return tally
