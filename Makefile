# Every target makes the environment first if needed; see `make help`.
RUN := env/run
CASE := cases/bare_uniaxial_5MPa.toml

.DEFAULT_GOAL := help
.PHONY: help env demo test test-next bench docs lint shell clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F'\t' '{ printf "  make %-10s %s\n", $$1, $$2 }'

env: ## make the environment (FEniCS and all packages), once
	@$(RUN) python -c 'import dolfinx, sys; print("dolfinx", dolfinx.__version__, "on Python", sys.version.split()[0])'

demo: ## the bare uniaxial holder at 5 MPa: summary and pictures in results/
	@$(RUN) holdersim run $(CASE)

test: ## all tests
	@$(RUN) python -m pytest -q

test-next: ## all tests on the next dolfinx (0.11, Debian unstable)
	@HOLDERSIM_SUITE=sid $(RUN) python -m pytest -q

bench: ## speed and memory against the targets
	@$(RUN) python -m benchmarks

docs: ## reference of the Python interface in docs/api
	@$(RUN) pdoc holdersim -o docs/api

lint: ## style, types, floors
	@$(RUN) sh -c 'ruff check . && ruff format --check . && mypy && lint-imports'

shell: ## a shell inside the environment
	@$(RUN) bash

clean: ## remove what tools left in this folder; results and environment stay
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist docs/api
	find holdersim geometries tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
