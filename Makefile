# Everything a developer, a newcomer or CI runs. Needs Python 3.11+, git and make, nothing else.
# Paths are relative and commands are quoted, so a checkout in a folder with spaces works.

.DEFAULT_GOAL := help
.SUFFIXES:
.PHONY: help demo test test-fast test-crash test-api drop-in perf check lint format types lock-check check-contracts \
        vendor-contracts regen-contracts clean-install bench clean

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
UV_VERSION := 0.13.8
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
RUN := .venv/bin/python
# The environment of the shell must not leak into the one that is set up here.
unexport VIRTUAL_ENV PYTHONPATH PYTHONDONTWRITEBYTECODE

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' Makefile

.tools/bin/uv:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed (set PYTHON=...)" >&2; exit 1; }
	@echo "Installing uv into .tools" >&2
	@"$(PYTHON)" -m venv .tools && .tools/bin/python -m pip install --quiet "uv==$(UV_VERSION)"

.venv/synced: pyproject.toml uv.lock src/specify_cli/__init__.py | $(filter .tools/bin/uv,$(UV))
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed (set PYTHON=...)" >&2; exit 1; }
	@echo "Setting up .venv" >&2
	@"$(UV)" sync --quiet --frozen --compile-bytecode --python "$(PYTHON)"
	@"$(RUN)" -m compileall -q src demo 2>/dev/null || true
	@touch .venv/synced

demo: .venv/synced ## Drive a real mission from an empty repository to merged, tested code
	@"$(RUN)" -m demo

test: .venv/synced ## Run the whole suite, measure coverage, check the requirements list
	@rm -rf .cache/outcomes && mkdir -p .cache/outcomes
	@"$(RUN)" -m coverage erase
	SPEC_KITTY_OUTCOMES=.cache/outcomes "$(RUN)" -m coverage run -m pytest -n 2 --dist loadfile --no-loadscope-reorder -q --ignore=tests/perf --ignore=tests/drop_in
	SPEC_KITTY_OUTCOMES=.cache/outcomes "$(RUN)" -m pytest -q tests/perf
	@"$(RUN)" -m coverage combine --quiet
	"$(RUN)" -m coverage report --skip-covered --show-missing
	@"$(RUN)" -m coverage report --include "src/specify_cli/next/_internal_runtime/*"
	"$(RUN)" -m tests.requirements_check .cache/outcomes
	"$(RUN)" -m tests.conformance.cutover_oracles .cache/outcomes

test-fast: .venv/synced ## Unit and architecture tests only
	"$(RUN)" -m pytest -n 2 --dist loadfile -q tests/unit tests/architecture

test-crash: .venv/synced ## Crash and damage a mission in every way, and prove that the tests can fail
	SPEC_KITTY_CRASH=full "$(RUN)" -m pytest -n 2 --dist loadfile -q tests/crash tests/unit/missions/test_merge_crash.py
	"$(RUN)" -m tests.crash.mutations

test-api: .venv/synced ## Explore the HTTP API with schemathesis, at length
	SPEC_KITTY_API_EXAMPLES=150 "$(RUN)" -m pytest -n 2 --dist load -q tests/integration/test_orchestrator_schemathesis.py tests/integration/test_orchestrator_server.py tests/integration/test_orchestrator_http.py

drop-in: .venv/synced ## Exchange missions with the existing CLI 3.2.7, installed beside ours
	SPEC_KITTY_DROP_IN=1 "$(RUN)" -m pytest -n 2 --dist load -q tests/drop_in

perf: .venv/synced ## Performance budgets only
	"$(RUN)" -m pytest -q tests/perf

check: lint types check-contracts lock-check ## Lint, format, types, contract drift, lock file

lint: .venv/synced
	"$(RUN)" -m ruff check .
	"$(RUN)" -m ruff format --check .

format: .venv/synced ## Apply the formatter and the safe lint fixes
	"$(RUN)" -m ruff check --fix .
	"$(RUN)" -m ruff format .

types: .venv/synced
	"$(RUN)" -m mypy src/specify_cli src/generated/spec_kitty_contracts codegen demo benchmarks tools tests

lock-check: .venv/synced
	"$(UV)" lock --check

check-contracts: .venv/synced ## Fail when vendored, generated or locked contracts drift
	"$(RUN)" -m codegen check
	"$(RUN)" -m tools.orchestrator_reference --check
	"$(RUN)" -m tools.orchestrator_openapi --check

vendor-contracts: .venv/synced ## Copy the contract artefacts out of the locked wheel
	"$(RUN)" -m codegen vendor

regen-contracts: .venv/synced ## Compile the contracts into models and the gate
	"$(RUN)" -m codegen regen
	"$(RUN)" -m tools.orchestrator_openapi

clean-install: .venv/synced ## Install the wheel into a fresh environment and advance a mission with it
	@rm -rf .cache/clean-install
	"$(RUN)" tools/clean_install.py --keep-logs .cache/clean-install/logs
	@"$(RUN)" -m tests.written_envelopes .cache/clean-install/logs .cache/clean-install/outcomes
	"$(RUN)" -m tests.conformance.cutover_oracles .cache/clean-install/outcomes

bench: .venv/synced ## Measure against the floor and the existing CLI; BENCH=--quick for a few minutes
	"$(RUN)" -m benchmarks $(BENCH)

clean: ## Remove what the targets above made
	rm -rf .venv .tools .cache dist build .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache
