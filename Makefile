# Everything that is done with this tree, one target each; `make help` lists them.
# Variables: ONCE=1  SIZE=city|district  TARGET=local|compose  SEED=number  PYTHON=/path/to/python3

SIZE ?= city
TARGET ?= local
PYTHON ?= $(shell for name in python3 python3.11 python3.12 python3.13 python3.14; do \
	command -v $$name >/dev/null 2>&1 && $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { command -v $$name; break; }; done)
BIN := .venv/bin
COMPOSE := docker compose
seed = $(if $(SEED),--seed $(SEED))

# A machine may forbid Python to keep what it has compiled; then each of a stack's processes would
# compile a thousand modules at every start.
export PYTHONDONTWRITEBYTECODE :=

# The engine's kernels are compiled once, for the tests and for every stack.
export NUMBA_CACHE_DIR := $(CURDIR)/.local/numba

# An entry point ends with the exit code of what it runs, not with make's own line about it.
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help environment generated demo test check up down secrets lint types rules kernels format bench-engine \
	alerts bench-messages bench-services bench-pages bench-search chaos chaos-short chaos-mutants stack stop docker clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' Makefile
	@echo
	@sed -n 's/^# Variables: /  /p' Makefile

environment: ## Make .venv from the locked requirements; quick when nothing changed
	@if [ -z "$(PYTHON)" ]; then \
		echo "Python 3.11 or newer is needed and was not found: install one, or name it with make PYTHON=/path/to/python3." >&2; \
		exit 2; fi
	@$(PYTHON) deploy/local/environment.py

demo: environment ## Play a campaign on a fresh stack and stay up (ONCE=1: check it, stop, exit)
	@$(BIN)/python -m demo --size $(SIZE) --target $(TARGET) $(if $(ONCE),--once) $(seed)

test: environment ## Lint, types, import rules and the tests (at most 12 minutes)
	@$(MAKE) --jobs=2 --output-sync types rules kernels
	@$(BIN)/pytest -n 2 -m "not slow"

check: environment ## Everything: the tests, the slow ones, every deliberate break (at most 45 minutes)
	@$(MAKE) --jobs=2 --output-sync types rules kernels alerts
	@$(BIN)/pytest -n 2
	@$(MAKE) chaos-mutants

lint: environment ## Format, lint, types and import rules; changes nothing
	@$(MAKE) --jobs=2 --output-sync types rules

types: environment
	@$(BIN)/mypy .

rules: environment
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/lint-imports
	@$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

kernels: environment
	@$(BIN)/python -m services.placement.engine.warm

alerts: environment ## Play each alert's stories to a real Prometheus (fetches promtool where it is missing)
	@$(BIN)/python -m deploy.alerts

generated: environment ## Write what is generated from contracts and services
	@$(BIN)/python -m deploy.generated

format: environment ## Format the code and mend what the linter can
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

stack: environment ## Start the stack without Docker and leave it running
	@$(BIN)/python -m deploy.local up

stop: environment ## Stop that stack
	@$(BIN)/python -m deploy.local down

secrets: environment ## Make the keys and passwords that Compose needs, in ./secrets
	@$(BIN)/python -m deploy.compose.secrets secrets

up: docker secrets ## Build and start the whole system in Docker Compose
	@$(COMPOSE) up -d --build --wait

down: docker ## Stop Docker Compose; the data stays
	@$(COMPOSE) --profile demo down

docker:
	@$(COMPOSE) version >/dev/null 2>&1 || { \
		echo "docker compose was not found: install Docker Engine 25 or newer with its compose plugin, or use the stack without Docker (make stack)." >&2; \
		exit 2; }

bench-engine: environment ## The solver against its peers, in the same run
	@$(BIN)/python -m bench.engine

bench-messages: environment ## Messages handed over against bare SMTP, in the same run
	@$(BIN)/python -m bench.sending

bench-services: environment ## Each promise of speed beside its peer, in the same run (half an hour)
	@$(BIN)/python -m bench.services --record

bench-pages: environment ## A teacher's start page against an empty page of the same server
	@$(BIN)/python -m bench.pages

bench-search: environment ## A centre's search against a bare find, among 1,000 and 30,000 names
	@$(BIN)/python -m bench.finding

chaos: environment ## 15 minutes of faults against the running system, then the invariants
	@$(BIN)/python -m tests.chaos --minutes 15 $(seed)

chaos-short: environment ## 35 seconds of faults, as in make test
	@$(BIN)/python -m tests.chaos --seconds 35 $(seed)

chaos-mutants: environment ## Break the guarantees on purpose, and see each break caught (6 minutes)
	@$(BIN)/python -m tests.chaos --mutants

clean: ## Stop local stacks and remove what they, the tests and the tools left (not .venv)
	@if [ -x $(BIN)/python ]; then for name in run test; do $(BIN)/python -m deploy.local down --name $$name; done; fi
	@rm -rf .local .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
