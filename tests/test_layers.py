"""Imports go down only. This table is the architecture; change it in the same commit as the code."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "orchestrator"

LAYERS = (
    {"errors", "ranges"},
    {"model"},
    {"ports", "backoff", "naming", "outcome"},
    {"flow", "trip"},
    {"books", "errands", "intake", "validation"},
    {"way", "objections", "precedence", "hearing", "lineage", "predecessors"},
    {"lanes"},
    {"guards"},
    {"recovery"},
    {"delivery", "tracking", "partition"},
    {"pipeline"},
    {"edges"},
    {"targets"},
    {"run"},
    {"exits"},
    {"config"},
    {"wiring", "remote"},
    {"across", "trial"},
    {"request", "resubmission"},
    {"unlisted"},
    {"batch", "survey", "preflight", "verdicts"},
    {"pull"},
    {"sandbox"},
    {"cli"},
    {"__main__"},
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}

CORE = {
    "errors", "ranges", "model", "ports", "backoff", "naming", "outcome", "flow", "trip", "books", "errands",
    "intake", "validation", "way", "objections", "precedence", "hearing", "lineage", "predecessors",
    "lanes", "guards", "recovery", "delivery", "tracking", "partition", "pipeline", "run", "exits",
}  # fmt: skip
OUTSIDE_WORLD = {"aiohttp", "aiofiles", "structlog", "os", "time", "socket", "sqlite3", "ssl", "click", "rich"}

FORBIDDEN_CALLS = {"create_task", "ensure_future", "gather", "run_coroutine_threadsafe"}
LONGEST_FILE = 250


def modules() -> list[tuple[Path, str]]:
    """Every module with the layer it belongs to; the package's own `__init__` holds the version only."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        top = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if top != "__init__":
            found.append((path, top))
    return found


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "orchestrator":
            names |= {f"orchestrator.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module))
    return names


def test_every_module_has_its_place_in_the_table() -> None:
    assert {top for _, top in modules()} == set(RANK)


def test_imports_go_down_only() -> None:
    for path, here in modules():
        for name in imported(path):
            package, _, rest = name.partition(".")
            below = rest.split(".")[0]
            if package == "orchestrator" and below not in ("", "__version__", here):
                assert RANK[below] < RANK[here], f"{path.name}: {here} imports {below}"


def test_the_core_knows_nothing_of_the_outside_world() -> None:
    for path, here in modules():
        if here in CORE:
            found = {name.partition(".")[0] for name in imported(path)} & OUTSIDE_WORLD
            assert not found, f"{path.name} imports {found}"


def test_the_sandbox_shares_no_code_with_the_pipeline() -> None:
    for path, here in modules():
        own = {name.split(".")[1] for name in imported(path) if name.startswith("orchestrator.")}
        if here == "sandbox":
            assert own <= {"sandbox"}, path
        elif here != "cli":
            assert "sandbox" not in own, path


def test_every_task_belongs_to_a_task_group() -> None:
    for path, _ in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                assert name not in FORBIDDEN_CALLS, f"{path}:{node.lineno}"


def test_no_module_moves_a_limit_of_the_whole_process() -> None:
    for path, _ in modules():
        assert "field_size_limit" not in path.read_text(), path


def test_a_file_has_one_subject_and_fits_on_a_few_screens() -> None:
    for path, _ in modules():
        assert len(path.read_text().splitlines()) <= LONGEST_FILE, path
