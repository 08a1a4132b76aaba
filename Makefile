# Every target makes .venv itself when it is missing or older than the requirements.

PYTHON ?= python3
BIN := .venv/bin
COVERED := */model/*,*/flow/*,*/backoff.py,*/lanes.py,*/way.py,*/outcome.py,*/recovery.py,*/atomic.py,*/batcher.py,*/database.py,*/ledger.py,*/edges/reader.py,*/edges/columns.py,*/edges/rows.py,*/edges/tables.py,*/delivery.py,*/tracking.py,*/guards.py,*/edges/http.py,*/mounts.py,*/partition.py,*/predecessors.py,*/precedence.py,*/reserve.py,*/cuts.py,*/kept.py,*/pieces.py,*/wal.py,*/answers.py,*/taken.py

.PHONY: help demo test chaos coverage mutants check bench clean

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 10

demo: .venv/ready  ## the sandbox, the real pipeline and the bundled rosters, end to end
	$(BIN)/orchestrator demo

test: .venv/ready  ## all tests but the long suites of chaos
	$(BIN)/pytest -n 3 --dist worksteal

chaos: .venv/ready  ## the long suites: crashes, power cuts, failing disks (some need root)
	$(BIN)/pytest -n 2 --dist worksteal -m chaos

coverage: .venv/ready  ## branch coverage of all tests: the whole, and what must be covered to the last branch
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 2 --dist worksteal
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered --fail-under 95
	$(BIN)/coverage report --include '$(COVERED)' --fail-under 100

mutants: .venv/ready  ## seeded bugs, each caught by the test that claims it (about five minutes)
	$(BIN)/python -m tests.mutants

check: .venv/ready  ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: .venv/ready  ## speed, as ratios side by side (about eight minutes)
	$(BIN)/python -m tests.bench

clean:  ## remove what these targets made
	rm -rf .venv .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find orchestrator -name __pycache__ -prune -exec rm -rf {} +

.venv/ready: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q orchestrator
	@touch $@
