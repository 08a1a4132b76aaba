"""`python -m tests.histories SEED [SEED …]`: carry out histories again, and print all that happened in them."""

from __future__ import annotations

import sys

from tests.histories.seeds import carry_out


def main(seeds: list[str]) -> None:
    if not seeds:
        sys.exit(__doc__)
    for seed in seeds:
        print("\n".join(carry_out(int(seed)).told))


if __name__ == "__main__":
    main(sys.argv[1:])
