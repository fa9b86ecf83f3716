# Thin on purpose: each target is one command a person could type. `make setup` is safe to repeat.
PYTHON ?= python3
WORKERS ?= 2
ARGS ?=
CASES ?= 1000000
BIN := .venv/bin
FORGE := $(wildcard contracts/node_modules/@foundry-rs/forge-*/bin/forge)
CHECKED := src tools $(if $(wildcard bench/*.py),bench)
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header

.PHONY: help setup demo test lint forge-test pytest deep bench contracts slither lock wheel

help:           ## what there is to type
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 20

setup:          ## everything the rest needs, inside this folder
	@$(PYTHON) tools/bootstrap.py

demo: setup     ## the network on this machine; ARGS=--once ends by itself and checks everything
	@$(BIN)/ohmstead demo $(ARGS)

# pytest is the last step, because its last line says whether the shared data was there.
test: setup     ## all checks a change must pass
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory forge-test
	@$(MAKE) --no-print-directory slither
	@$(MAKE) --no-print-directory pytest

lint:           ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict $(CHECKED)

forge-test:     ## the contracts' own tests
	$(if $(FORGE),cd contracts && $(abspath $(FORGE)) test,\
		@echo "forge-test: no forge for this platform, the contracts' own tests do not run")

pytest:         ## the Python tests alone; ARGS goes to pytest
	$(BIN)/pytest -n $(WORKERS) --dist worksteal $(ARGS)

deep: setup     ## a million fuzzed inputs, and all property tests with many more examples
	$(BIN)/python -m tests.fuzz --cases $(CASES)
	@FOUNDRY_PROFILE=deep $(MAKE) --no-print-directory forge-test
	OHMSTEAD_DEEP=1 $(BIN)/pytest -n $(WORKERS) --dist worksteal --timeout 3600 $(ARGS)

bench: setup    ## every benchmark, one JSON line each
	@set -e; for file in bench/[a-z]*.py; do $(BIN)/python -m bench.$$(basename $$file .py); done

contracts: setup ## compile the contracts and keep ABI and bytecode in the package
	$(BIN)/python tools/artifacts.py

slither:        ## static analysis of the contracts, from an environment of its own
	@$(PYTHON) tools/bootstrap.py --slither
	@$(BIN)/python tools/slither.py

lock: setup     ## resolve again what *.in ask for; ARGS=--upgrade takes newer versions
	$(LOCK) requirements.in -o requirements.lock $(ARGS)
	$(LOCK) requirements-dev.in -o requirements-dev.lock $(ARGS)
	$(LOCK) requirements-slither.in -o requirements-slither.lock $(ARGS)

wheel: setup    ## build/ohmstead-*.whl with the locked build backend
	$(BIN)/pip wheel --no-deps --no-build-isolation --wheel-dir build .
