.PHONY: setup test soak cover lint docs demo bench clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[test,bench]'
	touch $(STAMP)

setup: $(STAMP)

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/pytest -n 2

soak: $(STAMP)
	$(BIN)/pytest -n 2 --dist worksteal -m soak tests

cover: $(STAMP)
	$(BIN)/pytest -n 2 --cov=nandtrace.graph --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=90 tests/graph
	$(BIN)/pytest -n 2 --cov=nandtrace.workorder --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=90 tests/workorder
	$(BIN)/pytest -n 2 --cov=nandtrace.campaign --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=90 tests/campaign

docs: $(STAMP)
	$(BIN)/python -m nandtrace.report
	$(BIN)/python -m nandtrace.selftest.examples

demo: $(STAMP)
	PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/demo.sh

bench: $(STAMP)
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
