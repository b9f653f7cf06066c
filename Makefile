# `make help` lists the targets. Only Python 3.11+, make and (for the tests' browser) apt are needed.
SHELL := /bin/sh
.DEFAULT_GOAL := help

BIN := .venv/bin
PY := $(BIN)/python
RUN_STAMP := .venv/.installed-run
DEV_STAMP := .venv/.installed-dev
BENCH_STAMP := .venv/.installed-bench
BROWSER_STAMP := .venv/.browser
CATALOGUES := $(wildcard translations/*/LC_MESSAGES/messages.po)
COMPILED := $(CATALOGUES:.po=.mo)
WORKERS ?= 2
# Extra words for pytest: make test ARGS="tests/master -k tree"
ARGS ?=

export PIP_ROOT_USER_ACTION := ignore

$(RUN_STAMP): requirements.lock tools/environment.sh
	@tools/environment.sh requirements.lock
	@touch $@

$(DEV_STAMP): requirements-dev.lock tools/environment.sh
	@tools/environment.sh requirements-dev.lock
	@touch $@

$(BENCH_STAMP): requirements-bench.lock tools/environment.sh
	@tools/environment.sh requirements-bench.lock
	@touch $@

$(BROWSER_STAMP): tools/browser.py $(DEV_STAMP)
	@$(PY) tools/browser.py --install
	@touch $@

# Whichever set is there: both contain Babel.
translations/%/LC_MESSAGES/messages.mo: translations/%/LC_MESSAGES/messages.po
	@test -x $(BIN)/pybabel || $(MAKE) --no-print-directory $(RUN_STAMP)
	@$(BIN)/pybabel --quiet compile --use-fuzzy --input-file=$< --output-file=$@ --locale=$*

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

.PHONY: run
run: $(RUN_STAMP) $(COMPILED) ## Serve the portal with a demo company on port 8080
	@$(PY) tools/serve.py --demo

.PHONY: serve
serve: $(RUN_STAMP) $(COMPILED) ## Serve the portal without demo data
	@$(PY) tools/serve.py

# worksteal: its neighbours, which need the same prepared databases, stay with one worker. Not
# loadgroup: after the end of a worker it runs the test that ended it again, and then waits for ever.
.PHONY: test
test: $(DEV_STAMP) $(COMPILED) $(BROWSER_STAMP) ## Run all tests
	@$(PY) -m pytest -n $(WORKERS) --dist worksteal $(ARGS) </dev/null

.PHONY: check
check: $(DEV_STAMP) $(COMPILED) ## Format, lint, types, migration drift, translations
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@$(PY) -m pytest -q -p no:cacheprovider tests/contracts/test_migrations.py tests/contracts/test_translations.py </dev/null

.PHONY: format
format: $(DEV_STAMP) ## Format the code and repair what can be repaired
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

.PHONY: translations
translations: $(DEV_STAMP) ## Collect messages into the catalogues and compile them
	@$(PY) tools/translations.py $(ARGS)

.PHONY: screenshots
screenshots: $(DEV_STAMP) $(COMPILED) $(BROWSER_STAMP) ## Take pictures of all pages into build/screenshots
	@$(PY) tools/screenshots.py $(ARGS)

.PHONY: bench
bench: $(BENCH_STAMP) $(COMPILED) ## Measure speed beside rivals: make bench ARGS="export_rows --size province"
	@$(PY) -m benchmarks $(ARGS)

.PHONY: vendor
vendor: ## Copy the pinned browser libraries into app/static/vendor (needs npm)
	@cd frontend && npm ci --no-audit --no-fund && python3 vendor.py

.PHONY: lock
lock: $(DEV_STAMP) ## Resolve requirements*.in into the lock files
	@tools/lock.sh $(ARGS)

.PHONY: clean
clean: ## Remove everything that can be made again; keeps instance/ (data)
	@rm -rf .venv build .mypy_cache .pytest_cache .ruff_cache .hypothesis $(COMPILED)
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
