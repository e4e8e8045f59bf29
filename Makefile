# Plimsoll. `make` lists the targets; each one sets up what it needs.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

UV_VERSION := 0.13.8
HOST_PATH := $(PATH)
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export APE_DATA_FOLDER := $(CURDIR)/.ape
# Every library's compiled code too, which uv leaves to the first import: without it each command compiles what it imports.
export PYTHONPYCACHEPREFIX := $(CURDIR)/.cache/pycache

PYTEST := python -m pytest -q
BOA := -m "not e2e" -n 2 --dist worksteal
# A file's tests share what its first one sets up.
E2E := -m e2e -n 2 --dist loadfile tests/e2e
CONTRACTS = $(shell find contracts interfaces -name '*.vy' -o -name '*.vyi')

.PHONY: help setup demo incident test test-deep differential gas lint clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: .venv/.ready .venv/.anvil ## install everything into .venv and node_modules (the other targets do it themselves)

demo: setup ## one real crash on a local chain: deploy, replay 12 March 2020, liquidate, report in out/
	@ape run demo

incident: setup ## a thin pool's dump, falls by half, three real crashes: who is liquidated and what is lost, in out/
	@ape run incident

test: setup node_modules/.ready ## all tests (and the line coverage of the contracts)
	@$(PYTEST) $(BOA) --contract-coverage
	@python -m coverage combine -q && python -m coverage report
	@$(PYTEST) $(E2E)

test-deep: setup node_modules/.ready ## all tests, with 50 times as many examples
	@PLIMSOLL_DEPTH=deep $(PYTEST) $(BOA)
	@PLIMSOLL_DEPTH=deep $(PYTEST) $(E2E)

differential: setup node_modules/.ready ## a million random steps beside Uniswap's published pools, and every tick, in out/differential.json
	@python -m tests.differential

gas: setup node_modules/.ready ## gas and code size beside the peers' published contracts, in out/gas.json
	@python -m bench.gas

lint: .venv/.ready ## ruff, mypy and mamushi
	@ruff check -q .
	@ruff format -q --check .
	@mypy --no-error-summary plimsoll $(if $(wildcard scripts/*.py),scripts)
	@mamushi -q --check -l 144 $(CONTRACTS) || { echo "mamushi: reformat with 'mamushi -q -l 144 <file>'" >&2; exit 1; }

clean: ## remove everything that the targets made
	@rm -rf .venv node_modules out .ape .build .cache deployments/31337.json

# ---------------------------------------------------------------- set-up

.venv/.ready: pyproject.toml uv.lock
	@PATH="$(HOST_PATH)"; \
	python=; for p in python3.11 python3 python; do \
	  if "$$p" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then python=$$p; break; fi; \
	done; \
	[ -n "$$python" ] || { echo "setup: Python 3.11 is missing (Debian: apt install python3.11 python3.11-venv)" >&2; exit 1; }; \
	"$$python" -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "setup: Python's venv module is missing (Debian: apt install python3.11-venv)" >&2; exit 1; }; \
	if [ ! -x .venv/bin/python ]; then echo "setup: making a virtual environment in .venv"; "$$python" -m venv .venv; fi
	@if [ "$$(.venv/bin/uv --version 2>/dev/null | cut -d' ' -f2)" != "$(UV_VERSION)" ]; then \
	  echo "setup: installing uv $(UV_VERSION) into it"; \
	  .venv/bin/python -m pip install -qq --disable-pip-version-check uv==$(UV_VERSION); \
	fi
	@echo "setup: installing the Python packages of uv.lock"
	@env -u VIRTUAL_ENV UV_PROJECT_ENVIRONMENT=.venv .venv/bin/uv sync -q --frozen --no-managed-python
	@touch $@

node_modules/.ready: package.json package-lock.json
	@PATH="$(HOST_PATH)"; for tool in node npm; do \
	  command -v $$tool >/dev/null || { echo "setup: $$tool is missing (Debian: apt install nodejs npm)" >&2; exit 1; }; \
	done
	@echo "setup: installing Anvil and the peers' artifacts of package-lock.json"
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

# A user's own Anvil (1.0 or later) goes first; without one it comes from npm.
.venv/.anvil: .venv/.ready
	@own=; for a in $$(PATH="$(HOST_PATH)" type -ap anvil || true); do \
	  [ "$$a" -ef .venv/bin/anvil ] && continue; \
	  if "$$a" --version 2>/dev/null | grep -Eqi '^anvil[^0-9]* [1-9][0-9]*\.'; then own=$$a; break; fi; \
	done; \
	if [ -z "$$own" ]; then \
	  $(MAKE) -s node_modules/.ready; \
	  own=$(CURDIR)/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil; \
	  [ -x "$$own" ] || { echo "setup: npm has no Anvil for this platform here: install Foundry 1.0 or later, https://getfoundry.sh" >&2; exit 1; }; \
	fi; \
	echo "setup: using $$own"; ln -sfn "$$own" .venv/bin/anvil; touch $@
