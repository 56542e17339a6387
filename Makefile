# `make labs` and `make test` need Python 3.11 or later with pip, and nothing else: each sets up .venv first.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PY := .venv/bin/python
# Tests compute on one thread each, so as many run side by side as there are cores, at most four for the memory.
PYTEST := $(PY) -m pytest -q -n auto --maxprocesses 4 --dist loadgroup
# Modules are compiled when they are first imported: compiling all of TensorFlow takes longer than installing it.
PIP := $(PY) -m pip install --quiet --disable-pip-version-check --no-compile
INSTALL := $(PIP) --require-hashes --requirement
LABS := $(PIP) --no-deps --no-build-isolation --editable .
COMPILE := $(PY) -m uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-annotate --quiet --custom-compile-command "make lock"

.PHONY: labs check test verify drills lint notebooks pages lock clean

labs: .venv/student ## run every lab once, with its course preset
	@for lab in $$($(PY) -c 'import labs; print(*labs.NAMES)'); do \
	  echo "== python -m labs.$$lab"; $(PY) -m labs.$$lab || exit 1; \
	done
	@echo && $(PY) -m labs runs
	@echo && echo "Each folder has a report.html; open one with: $(PY) -m labs open RUN"

check: .venv/installed lint ## lint, type-check and run the quick tests
	@echo "testing: the quick tests"
	@$(PYTEST) -m "not slow and not metrics"

test: check ## all tests, the quick ones first
	@echo "testing: trainings, exports, notebooks, metrics"
	@$(PYTEST) -m "slow or metrics" --durations 20

verify: .venv/installed ## train every lab again and check its metrics against their bands
	@$(PY) -m labs verify

drills: .venv/installed ## kill commands at random moments, take disk and memory away, give invalid inputs; record the outcomes
	@$(PY) -m benchmarks.drills

lint: .venv/installed
	@echo "checking style and types: ruff, mypy"
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

notebooks: .venv/installed ## generate the companion notebooks from their scripts again: run, verified, written
	@$(PY) -m notebooks
	@$(PY) -m notebooks.tools.course_code

pages: .venv/installed ## write the recorded numbers into the pages and the labs' cards
	@$(PY) -m benchmarks.pages.documents

lock: .venv/installed ## resolve pyproject.toml again into requirements.lock (for maintainers)
	@$(COMPILE) --extra dev --upgrade --output-file requirements.lock
	@$(COMPILE) --extra student --constraint requirements.lock --output-file requirements-student.lock

clean: ## remove the environment and the caches, never a run
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/student: requirements-student.lock | .venv/bin/python ## what a student needs
	@echo "installing requirements-student.lock into .venv: two minutes"
	@$(INSTALL) requirements-student.lock
	@$(LABS)
	@touch $@

.venv/installed: requirements.lock | .venv/bin/python ## what the tests need, too
	@echo "installing requirements.lock into .venv: two minutes"
	@$(INSTALL) requirements.lock
	@$(LABS)
	@touch .venv/student $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("error: Python 3.11 or later is needed, this is " + sys.version.split()[0] + "\nhint: make PYTHON=/path/to/python3.11 …" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv .venv || { echo "hint: on Debian and Ubuntu: apt install python3-venv" >&2; exit 2; }
