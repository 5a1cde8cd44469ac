# Every target works from a fresh clone; `make setup` runs by itself where a target needs it.
# Written for GNU make 3.81 (macOS) and later, which knows neither .ONESHELL nor .SHELLFLAGS: hence `set -e`.

PYTHON ?= python3
STACK  ?= local
SHELL  := /bin/bash

# Run what follows in the environment in which plain `pulumi` works. `eval "$(…)"` alone would hide a failure.
IN_ENV := set -e; exports="$$($(PYTHON) -m toolchain env)"; eval "$$exports";
SELECT := pulumi stack select --create $(STACK);

.DEFAULT_GOAL := help
.PHONY: help setup setup-test up down preview outputs health test check test-live test-kubernetes test-docker bench lock env

help: ## list the targets
	@echo "STACK=$(STACK) chooses the stack (local, dev, minikube, prod, oke, aks, gke, autopilot); PYTHON=$(PYTHON) the Python."
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { gsub(/[$$][$$]/, "$$"); printf "  make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## find, download or build the programs, and install the Python packages
	@$(PYTHON) -m toolchain setup --for up

setup-test:
	@$(PYTHON) -m toolchain setup --for test

up: setup ## bring the stack up, then check that each of its URLs answers
	@$(IN_ENV) $(SELECT) python -m operations up --stack $(STACK)

down: setup ## stop and remove everything that `make up` started; data stays
	@$(IN_ENV) $(SELECT) pulumi destroy --yes

preview: setup ## show what `make up` would change
	@$(IN_ENV) $(SELECT) pulumi preview --diff

outputs: ## print the outputs as JSON; SHOW_SECRETS=1 shows the secrets
	@$(IN_ENV) python -m operations outputs --stack $(STACK)

health: ## check that each URL of the running stack answers
	@$(IN_ENV) python -m operations health --stack $(STACK)

test: setup-test ## run every test; the tiers with containers and pods run where they can be started
	@$(IN_ENV) python -m pytest tests -n 3 --dist loadgroup --no-loadscope-reorder

check: setup-test ## formatting, linting, types and the fast tests
	@$(IN_ENV) ruff format --check .; ruff check .; mypy; python -m pytest tests/unit tests/graph -q

test-live: setup-test ## test the running servers of the stack `local`
	@$(IN_ENV) python -m pytest tests/live

test-kubernetes: setup-test ## test the Kubernetes stacks: previews, a real API server, pods of a real cluster (as root)
	@$(IN_ENV) python -m pytest tests/kubernetes tests/graph tests/engine -k "kubernetes or minikube or oke or aks or gke or prod"

test-docker: setup-test ## test against a real Docker engine
	@$(IN_ENV) python -m pytest tests/docker

bench: setup-test ## measure previews, updates, start, memory, generation, the SDK and objectives, as ratios
	@$(IN_ENV) python -m tests.bench; python -m tests.bench.slo

lock: setup ## refresh requirements.txt from pyproject.toml (add UPGRADE=--upgrade for newer versions)
	@set -e; .venv/bin/python -m pip install --quiet uv; .venv/bin/uv pip compile pyproject.toml --quiet --all-extras \
	  --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
	  $(UPGRADE) --output-file requirements.txt; git diff --stat requirements.txt

env: ## print the shell exports for plain `pulumi`: eval "$$(make -s env)"
	@$(PYTHON) -m toolchain env
