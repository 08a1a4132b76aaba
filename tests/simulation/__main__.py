"""`python -m tests.simulation SEED [SEED …]`: carry out nights again, and print all that happened in them."""

from __future__ import annotations

import sys

from tests.simulation.seeds import carry_out


def main(seeds: list[str]) -> None:
    if not seeds:
        sys.exit(__doc__)
    for seed in seeds:
        night = carry_out(int(seed))
        sys.stdout.write("".join(f"{line}\n" for line in night.trace))


if __name__ == "__main__":
    main(sys.argv[1:])
