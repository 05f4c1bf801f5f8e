# One entry for people and CI. `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.complete

# The pure core, which has the higher floor of coverage (docs/decisions/0001).
CORE := migrator/errors.py,migrator/model.py,migrator/cells.py,migrator/reasons.py,migrator/problems.py,migrator/catalogue/*,migrator/metadata.py,migrator/field_sets.py,migrator/redact.py,migrator/zones.py,migrator/mapping/*,migrator/convert/*,migrator/profile/*,migrator/drafting/*,migrator/mapper/*,migrator/columnwise/*,migrator/snippets.py,migrator/fit/*,migrator/answers.py,migrator/verdicts.py,migrator/leadsquared.py,migrator/leadsquared_types.py,migrator/retry.py,migrator/compare.py,migrator/together.py,migrator/settling.py,migrator/checkup.py,migrator/proving.py,migrator/lookups.py,migrator/leadsquared_lookups.py,migrator/leadsquared_bulk.py

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast lint format docs site pictures bench soak smoke ci lock clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP) ## make the virtual environment with the locked versions

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Four at a time on any machine: many of them wait, for processes and for clocks. loadgroup gives
# them out one by one, in the order of tests/conftest.py; there are no groups.
test: $(STAMP) ## run the tests (branch coverage, with its floors)
	$(BIN)/python -m pytest -n 4 --dist loadgroup --cov --cov-report=term:skip-covered -p no:cacheprovider
	$(BIN)/coverage report --include="$(CORE)" --fail-under=90 --format=total

test-fast: $(STAMP) ## run the unit tests alone
	$(BIN)/python -m pytest tests/unit tests/architecture migrator

lint: $(STAMP) ## ruff, mypy and the import contracts; changes nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## let ruff format and fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

demo: $(STAMP) ## the main job on the built-in sandbox, in under two minutes
	$(BIN)/python sample_data/demo.py

docs: $(STAMP) ## write what is generated: docs/reference, tables within pages, the JSON Schema
	$(BIN)/python docs/make_reference.py

site: $(STAMP) ## build the documentation site into build/site, without the network
	$(BIN)/python -m sphinx -q -E -W --keep-going -b html -d build/doctrees docs build/site
	@echo "open build/site/index.html"

pictures: $(STAMP) ## draw the pictures of the documentation anew, from real runs
	$(BIN)/python docs/make_pictures.py

bench: $(STAMP) ## ratios against peers, measured side by side
	$(BIN)/python benchmarks/read_csv.py --rows 100000
	$(BIN)/python benchmarks/read_csv.py --rows 1000000
	$(BIN)/python benchmarks/read_xlsx.py
	$(BIN)/python benchmarks/map_rows.py
	$(BIN)/python benchmarks/check_csv.py
	$(BIN)/python benchmarks/inspect_csv.py
	$(BIN)/python -m benchmarks.quota_simulated
	$(BIN)/python benchmarks/delivery_rate.py
	$(BIN)/python benchmarks/loopback_speed.py
	$(BIN)/python benchmarks/reconcile_ledger.py
	$(BIN)/python benchmarks/reconcile_night.py
	$(BIN)/python benchmarks/help_time.py
	$(BIN)/python benchmarks/report_size.py
	$(BIN)/python benchmarks/export_xlsx.py

# Most tests wait, for processes and clocks: four at a time on two cores. What has not begun when
# the minutes are over is told as not run, what has not ended has failed (tests/soaking.py).
SOAK_MINUTES ?= 20
SOAK_JOBS ?= 4
soak: $(STAMP) ## long runs with kills and faults, at most 20 minutes; loopback only
	$(BIN)/python -m pytest -p tests.soaking --soak-minutes $(SOAK_MINUTES) -n $(SOAK_JOBS) --dist worksteal --max-worker-restart 0 -m soak -p no:randomly -p no:cacheprovider -rs tests

smoke: $(STAMP) ## build the wheel, install it alone, ask for help
	rm -rf build/smoke && mkdir -p build/smoke
	$(BIN)/python -m build --wheel --no-isolation --outdir build/smoke .
	$(PYTHON) -m venv build/smoke/venv
	build/smoke/venv/bin/python -m pip install --quiet --disable-pip-version-check build/smoke/*.whl
	build/smoke/venv/bin/migrator --help > /dev/null
	build/smoke/venv/bin/migrator check sample_data/deals.csv -m mappings/deals.yaml > /dev/null || test $$? -eq 10

ci: ## what CI runs
	./.ci/run

lock: ## write requirements.lock anew (needs uv)
	uv pip compile -q --universal --no-strip-extras --python-version 3.11 --generate-hashes --extra dev pyproject.toml -o requirements.lock

clean: ## remove what was made, the virtual environment too
	rm -rf $(VENV) build dist .coverage* .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
