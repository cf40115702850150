# Two commands: `make run` serves the film site, `make test` passes the tests. Both set up .venv themselves.

PYTHON ?= python3
HOME_FOLDER ?= $(HOME)/.matinee
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: run test check format clean

run: .venv/.run
	$(BIN)/matinee up --home "$(HOME_FOLDER)"

test: .venv/.test
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist loadfile

check: .venv/.test
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

format: .venv/.test
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

clean:
	rm -rf .venv build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Debian keeps venv in a package of its own; virtualenv serves where it is absent.
.venv/bin/python:
	@echo "Making .venv"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Matinee needs Python 3.11 or later; $(PYTHON) is older. Name another: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv 2>/dev/null || { rm -rf .venv; $(PYTHON) -m pip install --quiet --user virtualenv && $(PYTHON) -m virtualenv --quiet .venv; }

.venv/.run: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing Matinee"
	@$(PIP) install --constraint constraints.txt --editable .
	@touch $@

.venv/.test: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing Matinee and what its tests need"
	@$(PIP) install --constraint constraints.txt --editable '.[dev]'
	@touch $@ .venv/.run
