# All that is done to this tree, in one place. `make` alone says what there is.
#
# Every target that needs Python makes `.venv` by itself. A stamp in it bears a checksum of pyproject.toml, of this
# tree's place and of the interpreter's name: when one of them changes the environment is made afresh, else at once there.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
KEY    := $(shell { echo '$(CURDIR) $(PYTHON)'; cat pyproject.toml; } | cksum | tr ' ' -)
READY  := $(VENV)/.ready-$(KEY)
PEERS  := .venv-peers
PEERS_KEY := $(shell { echo '$(CURDIR) $(PYTHON)'; cat benchmarks/peers.txt; } | cksum | tr ' ' -)
ARGS   ?=

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help setup demo test oracles kills lint format proto check-generated serve bench clean

help: ## this list
	@echo 'make TARGET [ARGS="…"] [PYTHON=python3.12]'
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(READY) ## install everything that developing needs into .venv
	@echo 'Ready: $(VENV)'

demo: $(READY) ## real data, a real server: gradients compared, a model trained, pictures drawn
	@$(BIN)/gradwire demo $(ARGS)

test: $(READY) ## all tests, on all cores; ARGS="-k cycle" picks some
	@$(BIN)/python -m pytest -q -n auto --dist worksteal $(ARGS)

oracles: $(VENV)/.oracles-$(KEY) ## ops, models and optimizers against JAX, PyTorch, optax and Keras, which are installed for it: some hundred MB
	@$(BIN)/python -m pytest -q -n auto --dist worksteal tests/backends/oracles tests/models/oracles tests/optimizers/oracles $(ARGS)

kills: $(READY) ## kill servers and jobs at every point of a write and at 100 random instants
	@GRADWIRE_KILLS=100 $(BIN)/python -m pytest -q tests/training/test_kills.py tests/server/test_jobs.py $(ARGS)

lint: $(READY) check-generated ## style, types, import contracts, the contract's style, fresh generated code
	@echo 'ruff'            && $(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check .
	@echo 'mypy'            && $(BIN)/mypy --no-error-summary
	@echo 'import contracts' && $(BIN)/lint-imports --no-cache --no-logo > $(VENV)/lint-imports.log || { cat $(VENV)/lint-imports.log; exit 1; }
	@echo 'proto'           && $(BIN)/python proto/generate.py --lint

format: $(READY) ## put imports and layout in order
	@$(BIN)/ruff check --quiet --fix-only . && $(BIN)/ruff format --quiet .

proto: $(READY) ## generate the clients' code from proto/, and the Python client's functions from the op library
	@$(BIN)/python proto/generate.py
	@$(BIN)/python clients/python/generate_functions.py
	@$(BIN)/python docs/generate_ops.py

check-generated: $(READY) ## fail when generated code is not what proto/ and the op library give, byte by byte
	@echo 'generated code'  && $(BIN)/python proto/generate.py --check && $(BIN)/python clients/python/generate_functions.py --check && $(BIN)/python docs/generate_ops.py --check

serve: $(READY) ## run a server on this machine; ARGS="--help" tells its options
	@$(BIN)/gradwire serve $(ARGS)

bench: $(VENV)/.bench-$(KEY) $(PEERS)/.ready-$(PEERS_KEY) ## measure beside JAX, PyTorch, PyTensor, CasADi, autograd, NumPy and C; ARGS="--help"
	@$(BIN)/python -m benchmarks $(ARGS)

clean: ## remove .venv, .venv-peers, caches and what was built
	@rm -rf $(VENV) $(PEERS) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "Gradwire needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version 2>/dev/null || echo 'not there')." >&2; \
	    echo "Name another one: make PYTHON=python3.12 …" >&2; exit 1; }
	@echo 'Installing into $(VENV); a few minutes, this once …'
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --editable '.[dev]'
	@touch $@

$(VENV)/.bench-$(KEY): $(READY)
	@echo 'Installing what the benchmarks need …'
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --editable '.[bench]'
	@touch $@

# A peer that can't be had is left out, and the page says so.
$(PEERS)/.ready-$(PEERS_KEY):
	@echo 'Installing what the benchmarks compare with into $(PEERS); some GB, this once …'
	@$(PYTHON) -m venv --clear $(PEERS)
	@grep -v '^#' benchmarks/peers.txt | while read -r peer; do \
	    $(PEERS)/bin/python -m pip install -qq --disable-pip-version-check "$$peer" || echo "  without $$peer"; done
	@touch $@

$(VENV)/.oracles-$(KEY): $(READY)
	@echo 'Installing JAX, PyTorch, optax and Keras …'
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --editable '.[oracles]'
	@touch $@
