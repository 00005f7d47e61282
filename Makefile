# The targets are verbs: the ten of every day first, others under headings of their own. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test test-fast check bench lock clean test-clients test-better-auth

PYTHON ?= python3
VENV := backend/.venv
IN_VENV := .venv/bin/python -m
CLIENTS := clients
BETTER_AUTH := backend/tests/better_auth
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_INPUT=1 $(VENV)/bin/python -m pip

help: ## List the targets.
	@awk -F ':.*## ' '/^##@ / { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' Makefile

run: $(VENV)/.runtime ## Start the service, and a database of its own unless DATABASE_URL is set.
	@cd backend && exec $(IN_VENV) app serve

test: $(VENV)/.development ## Run all tests.
	@cd backend && exec $(IN_VENV) pytest

test-fast: $(VENV)/.development ## Run the tests that tell most in half a minute, without coverage.
	@cd backend && exec $(IN_VENV) pytest -q --no-cov --hypothesis-profile=fast -m 'not broad and not clients' tests/api tests/domain tests/utils tests/database

check: $(VENV)/.development ## Check format, style, types, layers, dependencies and migrations.
	@echo "== Format"; cd backend && .venv/bin/ruff format --check . ../bench
	@echo "== Style"; cd backend && .venv/bin/ruff check . ../bench
	@echo "== Types"; cd backend && $(IN_VENV) mypy app tests spec_tools ../bench
	@echo "== Layers"; cd backend && .venv/bin/python .venv/bin/lint-imports
	@echo "== Dependencies"; cd backend && $(IN_VENV) deptry .
	@echo "== Migrations"; cd backend && $(IN_VENV) alembic upgrade head --sql | $(WITHOUT_ALEMBICS_TABLE) | $(SQUAWK)

bench: $(VENV)/.development ## Measure speed against the floor (some minutes; see bench/README.md).
	@PYTHONPATH=backend exec $(VENV)/bin/python -m bench.run

lock: ## Choose the newest allowed versions of all packages, and write them down with their hashes.
	@$(call require_python)
	@$(PYTHON) -m venv backend/.venv-lock && echo '*' > backend/.venv-lock/.gitignore
	@backend/.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.13,<0.14'
	@cd backend && .venv-lock/bin/uv $(COMPILE) pyproject.toml -o requirements.txt
	@cd backend && .venv-lock/bin/uv $(COMPILE) pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt
	@cd $(CLIENTS) && ../backend/.venv-lock/bin/uv $(COMPILE) requirements.in -o requirements.txt

clean: ## Remove the virtual environment and all caches, and no data.
	@rm -rf $(VENV) backend/.venv-lock $(CLIENTS)/{.venv,node_modules,generated} $(BETTER_AUTH)/node_modules
	@rm -rf {.,backend}/.{mypy_cache,pytest_cache,ruff_cache,hypothesis,import_linter_cache} backend/.coverage backend/.coverage.*
	@find backend bench -name __pycache__ -type d -prune -exec rm -rf {} +

##@ For those who make programs from the OpenAPI document (needs Node 20.19 or newer, with npm)

# Spec: features/spec-driven.md#SPEC-011 features/spec-driven.md#SPEC-012
test-clients: $(VENV)/.development $(CLIENTS)/node_modules/.complete $(CLIENTS)/.venv/.complete ## Lint the document, make clients from it, and compile and use them.
	@cd backend && exec $(IN_VENV) pytest --no-cov -m clients tests/clients

test-better-auth: $(VENV)/.development $(BETTER_AUTH)/node_modules/.complete ## Sign in at a real Better Auth, and use what it issues (needs Node as well).
	@cd backend && exec $(IN_VENV) pytest -n 0 --no-cov -m better_auth tests/better_auth

COMPILE := pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
# Whether an interrupted migration can be gone on with is asked of a real database, by a test that cuts it after each of its statements.
SQUAWK := .venv/bin/squawk --exclude prefer-robust-stmts --stdin-filepath migrations.sql
# Alembic makes its own table, with a column type that is not ours to choose.
WITHOUT_ALEMBICS_TABLE := sed '/^CREATE TABLE .*alembic_version (/,/^);/d'

# The stamps go first and come back last, so that an interrupted installation is finished by the next run.
$(VENV)/.runtime: backend/requirements.txt
	@rm -f $@
	@$(call make_environment)
	@$(call install,backend/requirements.txt)
	@touch $@

# The development packages contain those of the service.
$(VENV)/.development: backend/requirements.txt backend/requirements-dev.txt
	@rm -f $@
	@$(call make_environment)
	@$(call install,backend/requirements-dev.txt)
	@touch $(VENV)/.runtime $@

# The tools of front-end developers, and a Better Auth, none of which is part of the service; no script of a package runs.
$(CLIENTS)/node_modules/.complete $(BETTER_AUTH)/node_modules/.complete: %/node_modules/.complete: %/package-lock.json
	@$(call require_node)
	@echo "Installing the packages of Node"
	@cd $* && npm ci --ignore-scripts --loglevel=error
	@touch $@

# An environment of its own: the generator of Python needs other versions than the service.
$(CLIENTS)/.venv/.complete: $(CLIENTS)/requirements.txt
	@$(call require_python)
	@echo "Installing the tools of Python"
	@$(PYTHON) -m venv --clear $(CLIENTS)/.venv
	@$(CLIENTS)/.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

define require_node
	fail() { echo "$$1" >&2; exit 1; }; \
	command -v node >/dev/null && command -v npm >/dev/null || fail "Node 20.19 or newer with npm is needed. On Debian and Ubuntu: apt install nodejs npm"; \
	node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' || \
		fail "Node 20.19 or newer is needed, and this is $$(node --version)."
endef

define require_python
	fail() { echo "$$1" >&2; exit 1; }; \
	command -v $(PYTHON) >/dev/null || fail "Python 3.11 or newer is needed, and there is no $(PYTHON). Another one: make PYTHON=/path/to/python3"; \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		fail "Python 3.11 or newer is needed, and $(PYTHON) is $$($(PYTHON) -V 2>&1). Another one: make PYTHON=python3.11"; \
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || fail "$(PYTHON) lacks its venv module. On Debian and Ubuntu: apt install python3-venv"
endef

define make_environment
	if [ -e $(VENV)/.unfinished ] || ! $(VENV)/bin/python -m pip --version >/dev/null 2>&1; then \
		$(call require_python); \
		echo "Creating the virtual environment"; \
		$(PYTHON) -m venv --clear $(VENV); \
	fi
endef

# What an interrupted installation leaves looks whole to pip, so it is marked and made anew.
# One number that counts up, instead of pip's three lines for each package; what pip has to complain about is shown as it is.
define install
	touch $(VENV)/.unfinished; \
	total=$$(grep -c '==' $(1)); count=0; \
	echo "Installing the packages (about a minute the first time)"; \
	$(PIP) install --require-hashes -r $(1) | { trap '' INT; while read -r word rest; do \
		case "$$word" in \
			Collecting|Ignoring|Requirement) count=$$((count + 1)); if [ -t 1 ]; then printf '\r  %d of %d' "$$count" "$$total"; fi ;; \
			Installing) if [ -t 1 ]; then printf '\r'; fi; echo "  all $$total found, unpacking them" ;; \
		esac; \
	done; }; \
	rm $(VENV)/.unfinished
endef
