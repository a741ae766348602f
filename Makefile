# make setup | demo | test | quick | faults | lock | clean
#
# Everything lands in .venv (Python), api/web (pages), .tools (programs for the tests) and .state (the
# demo's stores). A stamp says what is done, so a second `make setup` has nothing to do.

SHELL := /bin/sh
# Where Python may keep nothing it compiled, each of the hundreds of processes that tests start would
# compile everything anew: seven of the twelve seconds that one of the API then takes to begin.
unexport PYTHONDONTWRITEBYTECODE
.DELETE_ON_ERROR:
.PHONY: help setup demo test quick faults contract audit cluster soak check style types rooms page-types engine lock clean test-packages screenshots clean-root
BIN := .venv/bin
PGLITE := tests/pglite
OIDC := tests/oidc
OPENAPI := tests/openapi

help:
	@echo "make setup   install everything into .venv and build the pages"
	@echo "make demo    play a day at the border, with everything it needs (opens no port but loopback)"
	@echo "make test    every check and every test"
	@echo "make quick   the checks and tests that take seconds"
	@echo "make faults  kill everything in turn under load and count what was acknowledged (20 min)"
	@echo "make audit   list every package with its licence, and ask what is known against them"
	@echo "make contract  try every operation of the API as everybody, at every bound (some minutes)"
	@echo "make cluster lose each of three hosts in turn under load, and count (6 min, as root)"
	@echo "make soak    ten times the demo's load with mishaps, and all counted (20 min; MINUTES=3, HOURS=8)"
	@echo "make screenshots  renew README's pictures, of a morning that is played for them (minutes)"
	@echo "make clean-root   follow the README in a bare Debian 12 (as root, with mmdebstrap; minutes)"
	@echo "make lock    renew the locked requirements"
	@echo "make clean   remove what the above made"

# --- Python ---------------------------------------------------------------------------------------

NO_NETWORK = { echo "The packages could not be installed; what uv said is above (no network, or a \
full disk?). Mend it and run the same command again: what is fetched already is kept."; exit 1; }

$(BIN)/uv:
	@scripts/make_venv

$(BIN)/.flowctl: $(BIN)/uv requirements.txt requirements-build.txt pyproject.toml
	@echo "Installing flowctl and what it needs into .venv"
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.txt || $(NO_NETWORK)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps \
		--build-constraints requirements-build.txt --editable . || $(NO_NETWORK)
	@rm -f $(BIN)/.tests
	@touch $@

# Adds to .flowctl and takes nothing away.
$(BIN)/.tests: $(BIN)/.flowctl requirements-dev.txt
	@echo "Installing what the tests need into .venv"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --requirements \
		requirements-dev.txt || $(NO_NETWORK)
	@touch $@

.tools/audit/.installed: $(BIN)/uv requirements-audit.txt
	@echo "Installing what the audit needs into .tools/audit"
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .tools/audit
	@$(BIN)/uv pip install --quiet --python .tools/audit/bin/python --require-hashes --requirements \
		requirements-audit.txt || $(NO_NETWORK)
	@touch $@

# --- Pages ----------------------------------------------------------------------------------------

WEB := api/web
PAGES := $(WEB)/dist/index.html
PAGE_SOURCES := $(shell find $(WEB) data/messages -type f -not -path '*/node_modules/*' \
	-not -path '*/dist/*')

$(WEB)/node_modules/.installed: $(WEB)/package.json $(WEB)/package-lock.json | $(BIN)/uv
	@echo "Installing what the pages are built with"
	@scripts/with_node npm ci --prefix $(WEB) --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $@

$(PAGES): $(WEB)/node_modules/.installed $(PAGE_SOURCES)
	@echo "Building the pages"
	@scripts/with_node npm run build --prefix $(WEB) --silent -- --logLevel warn
	@touch $@

# --- What people run ------------------------------------------------------------------------------

setup: $(BIN)/.flowctl $(PAGES)

demo: setup
	@$(BIN)/flowctl demo

check: style types

style: $(BIN)/.tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(BIN)/.tests
	$(BIN)/mypy

rooms: $(BIN)/.tests
	$(BIN)/lint-imports

page-types: $(WEB)/node_modules/.installed
	scripts/with_node npm run check --prefix $(WEB)

quick: check
	$(BIN)/pytest -q tests/unit tests/properties

# Compiled and kept before the tests begin, so that their three processes do not each do it.
engine: $(BIN)/.tests
	@$(BIN)/flowctl simulate 2024-01-23 --policy n_control --out .venv/engine >.venv/engine.txt

# Three processes for two cores: tests of the stores and the pages wait for much of their time.
test: setup test-packages
	@$(MAKE) --no-print-directory --jobs 2 --output-sync types engine style rooms page-types
	$(BIN)/pytest -rs --numprocesses 3 --dist loadfile --no-loadscope-reorder

faults: $(BIN)/.tests
	@PYTHONPATH=tests $(BIN)/python -m faults

audit: $(BIN)/.tests $(WEB)/node_modules/.installed .tools/audit/.installed
	@$(BIN)/python tests/supply.py

contract: $(BIN)/.tests
	@PYTHONPATH=tests $(BIN)/python -m contract

cluster: $(BIN)/.tests
	@PYTHONPATH=tests $(BIN)/python -m cluster

soak: $(BIN)/.tests
	@PYTHONPATH=tests $(BIN)/python -m soak

screenshots: setup $(BIN)/.tests
	@PYTHONPATH=tests $(BIN)/python -m screenshots

clean-root:
	@scripts/clean_root

test-packages: $(PGLITE)/node_modules/.installed $(OIDC)/node_modules/.installed \
		$(OPENAPI)/node_modules/.installed
	@scripts/install_test_packages

# TimescaleDB's Community edition, an OpenID provider and who makes the pages' types, in Node.js.
$(PGLITE)/node_modules/.installed $(OIDC)/node_modules/.installed \
		$(OPENAPI)/node_modules/.installed: \
		%/node_modules/.installed: %/package.json %/package-lock.json | $(BIN)/uv
	@echo "Installing what $* needs for the tests"
	@scripts/with_node npm ci --prefix $* --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $@

# --- Locked requirements --------------------------------------------------------------------------

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links --upgrade

lock: $(BIN)/uv
	$(LOCK) pyproject.toml --output-file requirements.txt
	$(LOCK) pyproject.toml --extra dev --constraints requirements.txt --output-file requirements-dev.txt
	printf 'pip-audit\ncyclonedx-bom\n' | $(LOCK) - --output-file requirements-audit.txt
	printf 'hatchling\neditables\n' | $(LOCK) - --output-file requirements-build.txt

clean:
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis out
	rm -rf $(WEB)/node_modules $(WEB)/dist $(PGLITE)/node_modules $(OIDC)/node_modules $(OPENAPI)/node_modules
	@echo ".state holds the demo's data; to remove them too: rm -rf .state"
