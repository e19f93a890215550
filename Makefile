# Needs Python 3.11 or later; everything else comes from the lock files.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-long check format lock schema train-demo clean

demo: $(VENV)/ready  ## run the embedded study; prints the table and where everything lies
	$(BIN)/medsam-job specs/quickstart.yaml

test: $(VENV)/ready  ## the whole suite, servers included
	$(BIN)/pytest -m "not long"

test-long: $(VENV)/ready  ## what takes minutes, or weights of hundreds of megabytes
	$(BIN)/pytest -m long

check: $(VENV)/ready  ## format, lint, types, the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest tests/test_imports.py

format: $(VENV)/ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schema: $(VENV)/ready  ## write specs/schema.json from the code
	$(BIN)/medsam-job schema > specs/schema.json

# Each as long as MINUTES says, counted over all sessions: call it again to go on after an interruption.
MINUTES ?= 240
TRAINED ?= ../trained
train-demo: $(VENV)/ready  ## make the demo weights again: LiteMedSAM with clicks, then RITM; checkpoints in TRAINED
	$(BIN)/python -m training.clicks_demo --minutes $(MINUTES) --out $(TRAINED)/clicks
	$(BIN)/python -m training.ritm_demo --minutes $(MINUTES) --out $(TRAINED)/ritm

# uv is needed for this one alone: python3 -m pip install uv
LOCK := uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 pyproject.toml
lock:  ## pin the newest versions that pyproject.toml allows
	$(LOCK) --upgrade --output-file requirements.lock
	$(LOCK) --upgrade --extra dev --constraint requirements.lock --output-file requirements-dev.lock

$(VENV)/ready: requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes --requirement requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

clean:
	rm -rf $(VENV) results dist
