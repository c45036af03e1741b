# The commands of this repository. `make help` lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first of these that is Python 3.11 or newer makes the virtual environment.
PYTHON ?= $(shell for name in python3.12 python3.11 python3 python3.13 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$name" && break; done)

VENV := .venv
RUN := $(VENV)/bin/python
APP_READY := $(VENV)/.ready-app
DEV_READY := $(VENV)/.ready-dev
BROWSER_READY := $(VENV)/.ready-browser
PIP_INSTALL := $(RUN) -m pip install --disable-pip-version-check

.PHONY: help serve test check lint format types contracts benchmark clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

serve: $(APP_READY) ## start the app on http://127.0.0.1:7860
	$(RUN) app.py

test: $(DEV_READY) $(BROWSER_READY) ## run every test; ARGS="tests/ui -x" narrows it
	$(RUN) -m pytest $(ARGS)

check: lint types contracts ## ruff, format, mypy, import contracts

lint: $(DEV_READY)
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

types: $(DEV_READY)
	$(RUN) -m mypy

contracts: $(DEV_READY)
	$(VENV)/bin/lint-imports

format: $(DEV_READY) ## let ruff repair style and layout
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

benchmark: $(DEV_READY) ## speed on this machine, as ratios and in milliseconds
	$(RUN) -m pytest tests/benchmarks -m benchmark -s $(ARGS)

clean: ## remove the virtual environment and the caches; pictures and labels in data/ stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(RUN):
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; install it, or say make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { \
		rm -rf $(VENV); \
		echo "The venv module of $(PYTHON) is missing; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

# torch and torchvision stand in one file and are resolved in one call, so that they come from one build.
$(APP_READY): requirements.txt | $(RUN)
	@echo "Installing requirements.txt (a few minutes the first time) …"
	$(PIP_INSTALL) -r requirements.txt
	@touch $@

$(DEV_READY): requirements-dev.txt $(APP_READY)
	$(PIP_INSTALL) -r requirements-dev.txt
	@touch $@

# The browser of the tests: the system's, else Debian's as root, else Playwright's own.
$(BROWSER_READY): $(DEV_READY)
	@if command -v chromium chromium-browser google-chrome google-chrome-stable >/dev/null; then \
		echo "Chromium: $$(command -v chromium chromium-browser google-chrome google-chrome-stable | head -n 1)"; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
			chromium $$(cat packages.txt) </dev/null; \
	else \
		$(RUN) -m playwright install chromium; \
	fi
	@touch $@
