# make demo   what radiosync does, in seconds
# make test   every check; the build server runs this and nothing else
# make help   the rest

# Debian packages that tests use beyond Python. A test that misses its program skips and says so.
DEBIAN_PACKAGES =

# The first of these that is new enough is used; `make PYTHON=/path/to/python3 test` uses another.
PYTHONS = python3 python3.14 python3.13 python3.12 python3.11
NEW_ENOUGH = import sys; sys.exit(sys.version_info < (3, 11))
PYTHON := $(shell for p in $(PYTHONS); do $$p -c '$(NEW_ENOUGH)' 2>/dev/null && command -v $$p && break; done)

BIN = .venv/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check -qq
# An install is good as long as the lock, the project file, the Python and the folder are the same.
key = $(shell { cat requirements/$(1).txt pyproject.toml; echo '$(CURDIR)'; $(PYTHON) -VV; } 2>&1 | cksum | tr ' ' -)
RUN_READY := .venv/ready-run-$(call key,run)
DEV_READY := .venv/ready-dev-$(call key,dev)

# Two workers even where there are more cores: the tests are many and short.
PYTEST_ARGS ?= -q --numprocesses=2 --hypothesis-profile=ci

.DEFAULT_GOAL := help
.PHONY: help demo test check debian lock format clean

help:
	@echo 'make demo     a field station and base camp on a simulated radio, in seconds'
	@echo 'make test     format, lint, types, import contracts, tests and docs, in .venv'
	@echo 'make check    the same without installing Debian packages'
	@echo 'make format   put the code into shape'
	@echo 'make lock     renew requirements/*.txt from pyproject.toml and requirements/*.in'
	@echo 'make clean    remove .venv and what the tools left behind'

demo: $(RUN_READY)
	@$(BIN)/radiosync demo

test: debian check

check: $(DEV_READY)
	@echo 'format'; $(BIN)/ruff format --check --quiet --output-format concise . || { echo 'Run: make format'; exit 1; }
	@echo 'lint'; $(BIN)/ruff check --quiet .
	@echo 'types'; $(BIN)/mypy --no-error-summary
	@echo 'imports'; report=$$($(BIN)/lint-imports --no-logo 2>&1) || { echo "$$report"; exit 1; }
	@echo 'tests and docs'; $(BIN)/python -m pytest $(PYTEST_ARGS)

format: $(DEV_READY)
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

# ---------------------------------------------------------------- the environment

# The development lock holds all that the runtime lock holds, at the same versions.
$(RUN_READY):
	@if test -e $(DEV_READY); then touch $@; else $(MAKE) --no-print-directory install LOCK=run READY=$@; fi

$(DEV_READY):
	@$(MAKE) --no-print-directory install LOCK=dev READY=$@

.PHONY: install
install:
	@test -n '$(PYTHON)' || { echo 'radiosync needs Python 3.11 or newer; none of these is: $(PYTHONS)' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo '$(PYTHON) cannot make a virtual environment. On Debian: apt install python3-venv' >&2; exit 1; }
	@echo 'environment: .venv from requirements/$(LOCK).txt'
	@$(PYTHON) -m venv --clear .venv
	@$(PIP) install --require-hashes -r requirements/$(LOCK).txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $(READY)

debian:
	@missing=$$(for p in $(DEBIAN_PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	test -n "$$missing" || exit 0; \
	if test "$$(id -u)" = 0; then as_root=env; elif sudo -n true 2>/dev/null; then as_root='sudo -n env'; fi; \
	if test -n "$$as_root" && command -v apt-get >/dev/null; then \
	    echo "Debian packages:" $$missing; \
	    { $$as_root apt-get update -qq && $$as_root DEBIAN_FRONTEND=noninteractive \
	      apt-get install -qq --no-install-recommends $$missing; } >/dev/null && exit 0; \
	fi; \
	echo '*** NOT INSTALLED:' $$missing >&2; \
	echo '*** Tests that need them are SKIPPED. As root: apt install' $$missing >&2

# ---------------------------------------------------------------- seldom

UV = .venv/lock/bin/uv
COMPILE = $(UV) pip compile --quiet --system-certs --universal --generate-hashes --python-version 3.11 \
          --custom-compile-command 'make lock' $(LOCK_ARGS)

# make lock LOCK_ARGS=--upgrade            everything to its newest version
# make lock LOCK_ARGS='--upgrade-package click'
lock: $(DEV_READY)
	@test -x $(UV) || { $(PYTHON) -m venv .venv/lock && .venv/lock/bin/python -m pip install -qq uv; }
	@$(COMPILE) pyproject.toml requirements/build.in -o requirements/run.txt
	@$(COMPILE) -c requirements/run.txt pyproject.toml requirements/build.in requirements/dev.in \
	    -o requirements/dev.txt

clean:
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
