# satloyal: everything a checkout needs, with Python >= 3.11 (with venv), make and git only.
#
#   make demo      analyse the real ECSI mobile-phone survey, write out/demo/report.html
#   make test      set up and run the tests
#   make help      the rest

PYTHON ?= python3
VENV   ?= .venv
BENCH_VENV ?= .venv-bench
JOBS   ?= 2
PYTEST_ARGS ?=

BIN    := $(VENV)/bin
LOCKED := --require-hashes --no-deps --disable-pip-version-check --quiet
# --no-build-isolation: what builds the package is locked too
SELF   := --no-build-isolation --no-deps --disable-pip-version-check --quiet -e .

.DEFAULT_GOAL := help
.PHONY: help demo test extended coverage lint format types imports docs notebooks bench lock parity simulation wheel check clean

help:  ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 14

# --- set-up: each stamp is remade only when what it stands for changed ------------------------------------------

$(VENV)/.stamp-venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "satloyal needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) -V 2>&1 || true)."; \
	  echo "Name a newer one: make PYTHON=python3.12 $(or $(MAKECMDGOALS),demo)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "'$(PYTHON)' has no venv module; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "making $(VENV) with $$($(PYTHON) -V)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.stamp-run: requirements/run.txt pyproject.toml $(VENV)/.stamp-venv
	@echo "installing satloyal and what it needs"
	@$(BIN)/python -m pip install $(LOCKED) -r requirements/run.txt
	@$(BIN)/python -m pip install $(SELF)
	@touch $@

$(VENV)/.stamp-dev: requirements/dev.txt pyproject.toml $(VENV)/.stamp-venv
	@echo "installing satloyal and what its tests, checks and docs need"
	@$(BIN)/python -m pip install $(LOCKED) -r requirements/dev.txt
	@$(BIN)/python -m pip install $(SELF)
	@touch $@ $(VENV)/.stamp-run

$(BENCH_VENV)/.stamp-bench: requirements/bench.txt pyproject.toml $(VENV)/.stamp-venv
	@echo "installing satloyal and its peers"
	@$(BIN)/python -m venv $(BENCH_VENV)
	@$(BENCH_VENV)/bin/python -m pip install $(LOCKED) -r requirements/bench.txt
	@$(BENCH_VENV)/bin/python -m pip install $(SELF)
	@touch $@

# --- what people run ---------------------------------------------------------------------------------------------

demo: $(VENV)/.stamp-run  ## analyse a real survey and write out/demo/report.html
	@$(BIN)/satloyal demo --out out/demo

test: $(VENV)/.stamp-dev  ## set up and run the tests (not the extended ones)
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup $(PYTEST_ARGS)

extended: $(VENV)/.stamp-dev  ## simulation studies and other long tests
	$(BIN)/python -m pytest -m extended -n $(JOBS) --dist loadgroup $(PYTEST_ARGS)

coverage: $(VENV)/.stamp-dev  ## the tests with line and branch coverage of src
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup --cov --cov-report=term --cov-report=html $(PYTEST_ARGS)

lint: $(VENV)/.stamp-dev  ## style, and formatting left undone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.stamp-dev  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.stamp-dev  ## strict types on src
	$(BIN)/mypy

imports: $(VENV)/.stamp-dev  ## the one direction of imports
	$(BIN)/lint-imports

docs: $(VENV)/.stamp-dev  ## the docs site, executed, warnings are errors: docs/_build/html
	$(BIN)/sphinx-build -W --keep-going -b html -j 1 docs docs/_build/html

check: lint types imports docs test  ## what CI checks

parity: $(VENV)/.stamp-dev  ## rewrite the table of agreement with lavaan in the docs
	SATLOYAL_WRITE_PARITY=1 $(BIN)/python -m pytest tests/reference/test_parity_table.py -q $(PYTEST_ARGS)

simulation: $(VENV)/.stamp-dev  ## rewrite the tables of coverage and type-I errors in the docs (half an hour)
	OPENBLAS_NUM_THREADS=1 PYTHONPATH=tests $(BIN)/python -m simulation.run $(JOBS)
	OPENBLAS_NUM_THREADS=1 PYTHONPATH=tests $(BIN)/python -m simulation.small_samples

bench: $(BENCH_VENV)/.stamp-bench  ## every figure as a ratio against a peer, in one run
	$(BENCH_VENV)/bin/python benchmarks/run_all.py

wheel: $(VENV)/.stamp-run  ## the wheel, in dist/
	$(BIN)/python -m pip wheel --no-build-isolation --no-deps --disable-pip-version-check --quiet -w dist .

# --- the lock: uv resolves once for every Python and platform we support -----------------------------------------

UV_COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
             --no-annotate --no-emit-index-url --no-emit-find-links

lock: $(VENV)/.stamp-venv  ## resolve the locked dependencies anew
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet uv
	$(UV_COMPILE) $(UPGRADE) pyproject.toml requirements/build.in --extra test --extra lint --extra docs -o requirements/dev.txt
	$(UV_COMPILE) pyproject.toml requirements/build.in -c requirements/dev.txt -o requirements/run.txt
	$(UV_COMPILE) pyproject.toml requirements/build.in --extra bench -c requirements/dev.txt -o requirements/bench.txt

clean:  ## remove what was made here, the virtual environments too
	rm -rf $(VENV) $(BENCH_VENV) out dist docs/_build docs/reference/generated docs/jupyter_execute .pytest_cache \
	  .ruff_cache .mypy_cache .hypothesis .import_linter_cache .coverage htmlcov
