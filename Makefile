# `make learn` is the main job, `make test` proves it. Both set up all that they need.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up-from-lock
DEV_STAMP := $(VENV)/.set-up-for-development
# The engine tests wait more than they compute: three processes share two cores well. What touches the kernel is one group.
SHARED := -n $${LAB_TEST_PROCESSES:-3} --dist loadgroup --no-loadscope-reorder
export UV_COMPILE_BYTECODE := 1
export UV_LINK_MODE ?= hardlink
export UV_SYSTEM_CERTS ?= true
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help learn setup setup-hub setup-dev test ready browser tested test-fast test-all test-shuffled test-cluster check fix site serve benchmark explain-figures coverage mutants lock clean

help: ## Show this list.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup: $(STAMP) ## Make .venv with the `lab` command.

$(STAMP): requirements.lock pyproject.toml tools/setup.sh
	@rm -f $(DEV_STAMP)
	@tools/setup.sh $(VENV) requirements.lock
	@touch $@

setup-hub: setup ## The same, with JupyterHub for `lab hub`.
	@tools/setup.sh $(VENV) requirements-hub.lock

setup-dev: $(DEV_STAMP) ## The same, with what tests, checks and the site need.

$(DEV_STAMP): requirements-dev.lock requirements.lock pyproject.toml tools/setup.sh
	@tools/setup.sh $(VENV) requirements-dev.lock
	@touch $(STAMP) $@

learn: setup ## Bring the sandbox up and open JupyterLab at lesson 1.
	@$(BIN)/lab learn

test: ready ## Everything: rules, unit tests, every lesson on a real engine.
	@$(BIN)/python tools/beside.py $(MAKE) --no-print-directory check tested

ready:
	@$(MAKE) --no-print-directory -j2 setup-dev browser

browser:
	@tools/browser.sh

tested:
	@$(BIN)/python -m pytest -p no:cacheprovider $(SHARED) -m "not cluster"

test-fast: setup-dev ## The tests that need no engine and no browser: three minutes on two cores.
	@$(BIN)/python -m pytest -q $(SHARED) -m "not engine and not browser and not slow and not cluster"

test-all: ready ## The slow matrix too.
	@LAB_SLOW=1 $(BIN)/python tools/beside.py $(MAKE) --no-print-directory check tested

test-shuffled: setup-dev ## The engine tests three times, each in an order of its own (its seed is printed first).
	@for round in 1 2 3; do LAB_TEST_EMULATORS=yes $(BIN)/python -m pytest -q -p randomly tests/engine; done

test-cluster: setup-dev ## A class on a real Kubernetes, made here (7 minutes the first time; root; changes settings of the kernel and puts them back).
	@LAB_TEST_CLUSTER=yes $(BIN)/python -m pytest -p no:cacheprovider -m cluster tests/cluster

check: setup-dev ## Format, lint, types, shell.
	@$(BIN)/ruff format --check -q .
	@$(BIN)/ruff check -q .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/shellcheck tools/*.sh deploy/image/*.sh .ci/run
	@$(BIN)/nbstripout --verify --keep-id --extra-keys metadata.language_info.version lessons/*.ipynb lessons/clinic/*.ipynb lessons/capstone/*.ipynb

fix: setup-dev ## Format the code and strip the notebooks.
	@$(BIN)/ruff check -q --fix .
	@$(BIN)/ruff format -q .
	@$(BIN)/nbstripout --keep-id --extra-keys metadata.language_info.version lessons/*.ipynb lessons/clinic/*.ipynb lessons/capstone/*.ipynb

site: setup-dev ## Build the site from executed notebooks (build/tour); without them it says how to make them.
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

serve: setup-dev ## Show the site to authors as they write.
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve

benchmark: setup-dev ## Ratios measured in one run; printed, never asserted.
	@for b in benchmarks/*.py; do echo "== $$b"; $(BIN)/python "$$b"; done

explain-figures: setup-dev ## How often `lab explain` is right on a folder of logs with an index (DIR=…).
	@$(BIN)/python tools/explain_figures.py $(or $(DIR),tests/data/explain/cases)

mutants: setup-dev ## Change the code that judges, one thing at a time: do tests notice? (an hour; ONLY=lab/learning/runner.py for one)
	@$$(tools/uv.sh) pip install -q --require-hashes --python $(BIN)/python -r requirements-mutants.lock
	@$(BIN)/python tools/mutants.py $(ONLY)

coverage: setup-dev ## Which lines the quick tests run: reported, not chased.
	@mkdir -p build; $(BIN)/python -m coverage run -m pytest -q -p no:cacheprovider -m "not engine and not browser and not slow and not cluster"
	@$(BIN)/python -m coverage report

lock: setup ## Renew the locks (hashes, no addresses).
	@UV=$$(tools/uv.sh); compile() { "$$UV" pip compile -q --universal --generate-hashes --no-annotate --no-header --no-emit-index-url --python-version 3.11 "$$@"; }; \
	compile pyproject.toml --group build -o requirements.lock; \
	compile pyproject.toml --extra hub --group build -c requirements.lock -o requirements-hub.lock; \
	compile pyproject.toml --extra hub --group dev -c requirements-hub.lock -o requirements-dev.lock; \
	compile --group kit -o requirements-kit.lock; \
	compile pyproject.toml --group cluster -c requirements-hub.lock -o requirements-cluster.lock; \
	compile --group mutants -c requirements-dev.lock -o requirements-mutants.lock; \
	echo uv | compile - -o requirements-uv.lock; \
	echo pipx | compile - -o tests/requirements-pipx.lock

clean: ## Remove what make made in this folder (not the sandbox: that is `lab down`).
	rm -rf $(VENV) build site dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
