# Every target sets itself up from nothing with Python 3.11 alone, into .venv; the second time is quick.
# make demo ARGS="--profile liar --dossiers 200"     options for the command
# make test ARGS="tests/unit -x"                      options for pytest

SHELL := /bin/sh
BIN := .venv/bin
READY := .venv/ready
PEERS := .venv-bench
ARGS ?=
# Half of the tests wait for a process or a clock: one more of them than there are cores.
JOBS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) + 1 )))
SEEDS ?= 300
FROM ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test simulate check format docs bench lock clean

help:  ## Show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

$(READY): requirements.lock pyproject.toml tools/setup
	@PYTHON="$(PYTHON)" tools/setup

setup: $(READY)  ## Make .venv and install everything the lock file names
	@echo "Sẵn sàng. / Ready: $(BIN)/lienthong"

demo: $(READY)  ## Five localities, a portal that lies, one table: nothing lost, doubled or out of order
	@$(BIN)/lienthong demo $(ARGS)

test: $(READY)  ## Run all tests
	@$(BIN)/pytest $(if $(ARGS),$(ARGS),-n $(JOBS) --maxprocesses 4 --dist worksteal)

simulate: $(READY)  ## Let worlds of faults run by their seeds: SEEDS=5000 FROM=1000; ends with one line of JSON
	@$(BIN)/python -m tests.simulation --seeds $(SEEDS) --from $(FROM) $(ARGS)

check: $(READY)  ## Style, types, and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY)  ## Let ruff format and mend what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: $(READY)  ## Write the tables of docs/configuration.md from the settings
	@$(BIN)/python -m tools.settings_page

$(PEERS)/ready: benchmarks/requirements.lock | $(READY)
	@echo "Cài các bộ máy để so sánh… / Installing the engines to compare with…" >&2
	@$(BIN)/python -m venv --clear $(PEERS)
	@$(PEERS)/bin/python -m pip --disable-pip-version-check --no-input -qq install --require-hashes \
	    --requirement benchmarks/requirements.lock
	@touch $@

bench: $(READY) $(PEERS)/ready  ## Measure; writes build/bench.json and prints a table
	@$(BIN)/python -m benchmarks $(ARGS)

lock: $(READY)  ## Pin all dependencies anew, with hashes and without any index address
	@$(BIN)/python -m venv build/lock
	@build/lock/bin/python -m pip --disable-pip-version-check --quiet install uv
	@build/lock/bin/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --upgrade \
	    --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet -o requirements.lock
	@build/lock/bin/uv pip compile --group peers --constraint requirements.lock --universal --python-version 3.11 --upgrade \
	    --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet \
	    -o benchmarks/requirements.lock
	@build/lock/bin/uv pip compile pyproject.toml --extra service --extra metrics --extra fast --extra otel --extra postgresql \
	    --constraint requirements.lock --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-emit-find-links --no-annotate --no-header --quiet -o deploy/requirements.lock

clean:  ## Remove what was made here, .venv included
	@rm -rf .venv $(PEERS) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
