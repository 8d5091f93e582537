# Two commands are all one needs: `make demo` and `make test`. Each sets up what it lacks.
SHELL := /bin/bash
PY := .venv/bin/python
DEMO ?= demo
# Tests run side by side: more than four at a time would want more than 8 GB.
JOBS ?= $(shell n=$$(nproc); echo $$((n > 4 ? 4 : n)))

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow lint format notebooks check-notebooks check-wheel lock clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

setup: ## system libraries, .venv, pinned dependencies (done by the others where needed)
	@scripts/setup.sh

demo: setup ## the whole way on two simulated basins: stack, tune, train, transfer, score (DEMO=folder)
	@.venv/bin/keras-landslide demo $(DEMO) $(DEMO_OPTIONS)

test: setup ## the tests, side by side (JOBS=number)
	@$(PY) -m pytest -n $(JOBS) --dist loadscope --no-loadscope-reorder

test-slow: setup ## the tests that take long
	@$(PY) -m pytest -m slow

lint: setup ## style, types, import contracts
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@PYTHONPATH=. .venv/bin/lint-imports

format: setup ## let ruff mend the style
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

notebooks: setup ## run the notebooks' .py files and write the .ipynb beside them
	@scripts/notebooks.sh notebooks

check-notebooks: setup ## run the notebooks, keep nothing
	@folder=$$(mktemp -d) && trap 'rm -rf '"$$folder" EXIT && scripts/notebooks.sh $$folder

check-wheel: setup ## build the wheel, install it in an empty environment, use it from another folder
	@scripts/check_wheel.sh

lock: setup ## resolve the requirements anew and write requirements/lock.txt
	@scripts/lock.sh

clean: ## remove .venv, caches and the demo
	@rm -rf .venv build dist *.egg-info demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
