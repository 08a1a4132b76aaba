"""What is heavy is imported inside the commands that need it: the others begin at once."""

from __future__ import annotations

import sys
from pathlib import Path

import anyio
import pytest

from cli.program import environment
from cli.rosters import plain_rosters
from cli.stage import staged

OF_THE_NETWORK, OF_A_TERMINAL, OF_A_LEDGER = {"aiohttp", "yarl", "multidict"}, {"rich"}, {"sqlite3"}
OF_A_FOLDER = {"aiofiles", "anyio", "asyncio", "pydantic", "structlog", "ssl"}


_TELLING = """
import sys
from orchestrator.__main__ import main
sys.argv[0] = "orchestrator"
try:
    main()
finally:
    print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


async def imported(*words: str, cwd: Path, code: int = 0) -> set[str]:
    """The packages that the command has imported when it ends, in an interpreter of its own."""
    told = await anyio.run_process([sys.executable, "-c", _TELLING, *words], cwd=cwd, env=environment(), check=False)
    assert told.returncode == code, told.stderr
    packages = set(told.stderr.decode().splitlines()[-1].split())
    assert "click" in packages, "else nothing was told"
    return packages


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["run", "--help"], ["status", "--help"]], ids=" ".join)
async def test_help_imports_nothing_that_only_a_command_needs(tmp_path: Path, words: list[str]) -> None:
    packages = await imported(*words, cwd=tmp_path)

    assert not packages & (OF_THE_NETWORK | OF_A_TERMINAL | OF_A_LEDGER | OF_A_FOLDER)


async def test_what_uses_no_network_and_no_terminal_imports_neither(tmp_path: Path) -> None:
    async with staged(tmp_path, plain_rosters(1)) as stage:
        await stage.run()
        there = [str(stage.out)]

        seen = {
            "status": await imported("status", "-o", *there, cwd=tmp_path),
            "status --json": await imported("status", "--json", "-o", *there, cwd=tmp_path),
            "validate": await imported("validate", str(stage.folder), "-c", str(stage.config), cwd=tmp_path),
            "schema": await imported("schema", cwd=tmp_path),
            "inspect": await imported("inspect", str(stage.folder / "f00.csv"), cwd=tmp_path),
        }

    assert {words: packages & (OF_THE_NETWORK | OF_A_TERMINAL) for words, packages in seen.items()} == {
        words: set() for words in seen
    }
    assert [words for words, packages in seen.items() if packages & OF_A_LEDGER] == [
        "status",
        "status --json",
        "validate",  # what files hold beside each other is looked for in a database
    ]
