"""What the README counts is counted here, so that neither can change alone. What is only measured is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from crash.deliveries import EVERY
from faults.cells import CELLS, CELLS_OF_OTHERS
from faults.nights import NIGHTS
from faults.nights_of_others import NIGHTS_OF_OTHERS
from histories.test_histories import BLOCK as BLOCK_OF_WALKS
from histories.test_histories import BLOCKS as BLOCKS_OF_WALKS
from histories.test_histories import FEW
from mutants.bugs import BUGS
from simulation.kinds import KINDS
from simulation.test_nights import BLOCKS
from simulation.test_nights import FEW as FEW_NIGHTS
from simulation.test_polling import JOBS

README = (Path(__file__).parent.parent / "README.md").read_text()
NUMBERS = ["none", *"one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".split()]


@pytest.mark.parametrize(
    ("told", "counted"),
    [
        (r"([\d,]+) cells", len(CELLS)),
        (r"([\d,]+) more at TAO and Endgrate", len(CELLS_OF_OTHERS)),
        (r"([\d,]+) whole nights", len(NIGHTS)),
        (r"([\d,]+) nights there", len(NIGHTS_OF_OTHERS)),
        (r"([\d,]+) seeds of", len({seed for seeds in (FEW_NIGHTS, *BLOCKS) for seed in seeds})),
        (r"([\d,]+) jobs polled", JOBS),
        (r"\b(\w+) kinds of remote", len(KINDS)),
        (r"(\w+) classes, again", len(EVERY)),
        (r"([\d,]+) walks", FEW),
        (r"walks, ([\d,]+) more", BLOCK_OF_WALKS * BLOCKS_OF_WALKS),
        (r"([\d,]+) bugs,", len(BUGS)),
        (r"bugs, ([\d,]+) caught", len(BUGS)),
    ],
)
def test_the_readme_tells_as_many_as_there_are(told: str, counted: int) -> None:
    (number,) = re.findall(told, README)

    assert (NUMBERS.index(number) if number in NUMBERS else int(number.replace(",", ""))) == counted
