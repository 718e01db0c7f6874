# Every target does all the set-up it needs: Python 3.11+ and make are enough.

PYTHON ?= python3
# uv from the path, or our own inside the project's folder.
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
# Never fetch a Python: any installed one from 3.11 on will do.
export UV_PYTHON_DOWNLOADS := never
READY := .venv/.ready

.PHONY: help demo test check bench bench-store score incidents rules format package
help:
	@echo "make demo   a simulated fabric breaks and the reasons appear, live in this terminal"
	@echo "make test   all tests: units and laws first, then against real brokers"
	@echo "make check  ruff, mypy, import contracts, documented commands"
	@echo "make bench  measurements, as JSON and as a table"
	@echo "make bench-store questions about the past on a store of 100 M route events, made at first: 12 GB, 30 minutes"
	@echo "make score  how well the rules do on all scenarios, into docs/detection-quality.md"
	@echo "make incidents the pages of ten incidents, into docs/incidents.md"
	@echo "make rules  the pages of all rules, into docs/rules"
	@echo "make format rewrite the sources in the project's format"
	@echo "make package build the wheel into dist/ and try it in an environment of its own"

demo: $(READY)
	@.venv/bin/fabricscope demo

# A process per core, each with one thread of Polars: more would wait for each other.
test: $(READY)
	POLARS_MAX_THREADS=1 .venv/bin/pytest -n auto --dist loadfile -m "not services"
	.venv/bin/pytest -n 2 --dist loadfile -m services

check: $(READY)
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/lint-imports
	.venv/bin/mypy
	.venv/bin/pytest -q tests/test_project.py

bench: $(READY)
	.venv/bin/python -m bench

bench-store: $(READY)
	.venv/bin/python -m bench.store

score: $(READY)
	.venv/bin/fabricscope score --all --write

incidents: $(READY)
	.venv/bin/python -m scenarios.incident_pages docs/incidents.md

rules: $(READY)
	.venv/bin/fabricscope rules --write docs/rules

format: $(READY)
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

package: $(READY)
	rm -rf dist .cache/package
	$(UV) build --quiet --wheel
	$(UV) venv --quiet .cache/package
	$(UV) export --quiet --locked --no-dev --no-emit-project --output-file .cache/package/requirements.txt
	$(UV) pip install --quiet --python .cache/package -r .cache/package/requirements.txt dist/*.whl
	cd .cache/package && bin/fabricscope frr-agent --recording ../../tests/recordings/frr-main --capture dc1.parquet
	cd .cache/package && bin/fabricscope replay dc1.parquet --store dc1.duckdb

$(READY): pyproject.toml uv.lock | $(UV)
	@$(UV) sync --locked --quiet
	@touch $@

.uv/bin/uv:
	@echo "installing uv into .uv"
	@$(PYTHON) -m venv --clear .uv || { \
	  echo "$(PYTHON) can't make a virtual environment: install its venv module (Debian: python3-venv) or uv" >&2; exit 1; }
	@.uv/bin/python -m pip install --quiet --disable-pip-version-check "uv>=0.9"
