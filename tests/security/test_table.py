"""The table of threats at the top of this folder names tests that exist; and the supplies are pinned (S-20)."""

from __future__ import annotations

import re
from pathlib import Path

import security

TESTS = Path(__file__).parent.parent
ROOT = TESTS.parent

SAFE_FROM = {"aiohttp": (3, 14, 4)}


def test_every_test_that_the_table_names_exists() -> None:
    table = security.__doc__ or ""
    named = set(re.findall(r"\btest_\w+(?!\.py)\b", table)) - {"test_table"}
    there = {name for file in TESTS.rglob("test_*.py") for name in re.findall(r"def (test_\w+)", file.read_text())}

    assert len(named) > 80
    assert named - there == set()


def test_every_threat_has_a_test_or_a_reason() -> None:
    lines = re.split(r"\n  (?=S-|\d)", security.__doc__ or "")[1:]
    threats = {line.split()[0]: line for line in lines}

    assert {f"S-{number}" for number in range(1, 25)} <= set(threats)
    assert [threat for threat, line in threats.items() if "test_" not in line and " -- " not in line] == []


def test_every_package_is_pinned_by_its_hash() -> None:
    text = (ROOT / "requirements.txt").read_text().replace("\\\n", " ")
    pinned = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]

    assert len(pinned) > 40
    assert [line for line in pinned if not re.match(r"[\w.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)] == []


def test_no_library_is_older_than_its_last_known_hole() -> None:
    for name, least in SAFE_FROM.items():
        (pinned,) = re.findall(rf"^{name}==([\d.]+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
        (asked,) = re.findall(rf'"{name}>=([\d.]+)"', (ROOT / "pyproject.toml").read_text())
        assert tuple(map(int, pinned.split("."))) >= least
        assert tuple(map(int, asked.split("."))) >= least
