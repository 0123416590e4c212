# Every target makes the environment first if needed; see `make help`.
RUN := env/run
CASES := cases/three_holders/*_5MPa.toml
PAGE := results/three_holders_5MPa

.DEFAULT_GOAL := help
.PHONY: help env demo test test-next bench docs lint shell clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F'\t' '{ printf "  make %-10s %s\n", $$1, $$2 }'

env: ## make the environment (FEniCS and all packages), once
	@$(RUN) python -c 'import dolfinx, sys; print("dolfinx", dolfinx.__version__, "on Python", sys.version.split()[0])'

demo: ## the paper's three holders at 5 MPa side by side: one page to open in a browser
	@$(RUN) holdersim compare $(CASES) -o $(PAGE)
	@echo "Open $(CURDIR)/$(PAGE)/comparison.html"

test: ## all tests
	@$(RUN) python -m pytest -q

test-next: ## all tests on the next dolfinx (0.11, Debian unstable)
	@HOLDERSIM_SUITE=sid $(RUN) python -m pytest -q

bench: ## speed and memory against the targets
	@$(RUN) python -m benchmarks
	@$(RUN) python -m benchmarks.sweeps
	@$(RUN) python -m benchmarks.ranks

docs: ## reference of the Python interface in docs/api
	@$(RUN) pdoc holdersim -o docs/api

lint: ## style, types, floors
	@$(RUN) sh -c 'ruff check . && ruff format --check . && mypy && lint-imports'

shell: ## a shell inside the environment
	@$(RUN) bash

clean: ## remove what tools left in this folder; results and environment stay
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist docs/api
	find holdersim geometries tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
