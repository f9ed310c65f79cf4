# twin: the two commands of the README are `make run` and `make test`.
PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
TWIN    = $(BIN)/twin
SCENARIO ?= scenarios/weee_line.yaml
# Python keeps its bytecode, as it does for users: the tests start it hundreds of times, and a start without takes a second longer.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test soak check bench validate docs schema clean

run: $(VENV)/.installed
	$(TWIN) run $(SCENARIO)

# Kernels compile on one core while the code is checked on another; the tests then find them compiled.
test: $(VENV)/.developed
	$(BIN)/python tests/compile_first.py & $(MAKE) --no-print-directory check; checked=$$?; wait; exit $$checked
	$(BIN)/pytest -n 2 -rs

soak: $(VENV)/.developed
	$(BIN)/pytest -n 2 -rs -m soak

check: $(VENV)/.developed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(VENV)/.developed
	$(BIN)/pytest benchmarks -q -s --benchmark-columns=median,iqr,rounds --benchmark-sort=name

validate: $(VENV)/.developed
	$(BIN)/python tests/validation/validate.py

docs: $(VENV)/.developed
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/words.py

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt .
	touch $@

$(VENV)/.developed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks
