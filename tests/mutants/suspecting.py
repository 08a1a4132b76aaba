"""Bugs in what becomes of a file of which the program dies."""

from __future__ import annotations

from .bug import Bug

SUSPECTING = (
    Bug(
        wrong="A file of which the program dies is read for ever.",
        file="edges/suspects.py",
        old="if self.deaths(path) >= DEATHS else",
        new="if self.deaths(path) < 0 else",
        test="cli/test_poison.py::test_the_others_are_sent_before_it_kills_again_and_the_third_death_is_the_last",
    ),
    Bug(
        wrong="A file of which the program dies is read again while the others are on their way.",
        file="batch.py",
        old="bool(self.suspects.deaths(path))",
        new="False",
        test="cli/test_poison.py::test_the_others_are_sent_before_it_kills_again_and_the_third_death_is_the_last",
    ),
    Bug(
        wrong="Who was read without a death stays under suspicion.",
        file="edges/suspects.py",
        old="                del self._deaths[path]\n                self._keep()\n",
        new="                self._keep()\n",
        test="edges/test_suspects.py::test_who_is_read_without_a_death_is_cleared",
    ),
)
