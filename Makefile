# Everything starts here. `make help` lists what there is.

VENV := .venv
BIN := $(VENV)/bin
NAME ?=
EMAIL ?=
SEED ?= 1
MONTHS ?= 8
BILLING_URL ?=

# A dozen processes start on the same code, and the tests start hundreds: the first to need a module compiles it for all.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run simulate test faults check bench contract code manage setup system-packages lock docs messages clean forget
.DEFAULT_GOAL := help

help: ## Say what each command does
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

run: setup system-packages ## Start the whole system here and print its addresses (PORT=8000 chooses another port)
	@$(BIN)/python -m config.local run

simulate: setup system-packages ## Play the operator's business over months, through the real services (SEED=1 MONTHS=8)
	@$(BIN)/python -m config.simulation --seed $(SEED) --months $(MONTHS)

test: setup system-packages ## Run all tests (ARGS="tests/orders -k cancel" for some)
	@$(BIN)/pytest $(or $(ARGS),-n 2 --dist worksteal)

faults: setup system-packages ## Kill, stop and cut off the servers under load, in full (half an hour or more)
	@FAULT_RUNS=20 FAULT_ORDERS=500 FAULT_WORK_ORDERS=600 FAULT_KILLS=8 FAULT_SHUFFLES=6 $(BIN)/pytest tests/faults

check: setup system-packages ## Everything that must hold before a change is taken: style, layers, types, tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/djlint --lint --quiet templates
	@$(BIN)/lint-imports
	@$(BIN)/mypy .
	@$(BIN)/python -m config.local with-servers manage.py makemigrations --check --dry-run
	@SITE_URL=https://www.example.com $(BIN)/python -m config.local with-servers manage.py check --deploy --fail-level WARNING
	@$(BIN)/pytest -n 2 --dist worksteal

bench: setup system-packages ## Measure one thing against its floor: make bench NAME=offers_page
	@$(if $(NAME),,$(error Say which: make bench NAME=$(subst $() $(),|,$(filter-out harness counting,$(basename $(notdir $(wildcard bench/[a-z]*.py)))))))
	@$(BIN)/python -m bench.$(NAME)

contract: setup ## Try a billing system against the contract: make contract BILLING_URL=https://…
	@$(if $(BILLING_URL),,$(error Say which server: make contract BILLING_URL=https://…))
	@BILLING_URL=$(BILLING_URL) $(BIN)/pytest tests/contract

code: setup ## Print the current sign-in code of a demonstration account: make code EMAIL=…
	@$(if $(EMAIL),,$(error Say whose: make code EMAIL=…))
	@$(BIN)/python -m config.local code $(EMAIL)

manage: setup ## Run a management command on the local data: make manage ARGS="createsuperuser"
	@$(BIN)/python -m config.local with-servers manage.py $(ARGS)

# ---- what the commands above stand on ----

setup: $(VENV)/installed ## Make the virtual environment with the locked packages

$(VENV)/installed: requirements.lock config/local/install.sh
	@sh config/local/install.sh $(VENV)
	@touch $@

system-packages: ## Install what Python packages cannot carry: Pango, Chromium, gettext, fonts, Dovecot
	@sh config/local/system_packages.sh

lock: setup ## Choose the newest packages that pyproject.toml allows, with their hashes
	@$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --upgrade --quiet \
		--output-file requirements.lock

docs: setup ## Draw the pages of docs/ that are made from the code
	@$(BIN)/python -m config.pictures

messages: setup system-packages ## Write every text that is not translated yet into locale/
	@$(BIN)/python -m config.catalogues

clean: ## Remove what was made, except the environment and the data
	@rm -rf staticfiles .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

forget: setup ## Remove the local data: the next `make run` begins afresh
	@$(BIN)/python -m config.local forget
