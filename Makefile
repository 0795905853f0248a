# The commands of Draw Book, each a line; `make help` lists them. They run in .venv, which
# is set up by itself, from requirements.lock, whenever it is missing or out of date.

PY := .venv/bin/python
CHAPTER ?=
SEEDS ?= 20
AGAIN ?=
FUZZ ?= 10000
SCHEDULER ?=
VERSION ?=

.PHONY: help setup book pdf test test-notebooks execute serve lab lint format seeds fuzz bench \
        links licences colab lock release set-repository chapter clean

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-24s %s\n", $$1, $$2}'

setup: ## set up .venv, as every other command does first
	@sh tools/setup.sh

book: setup ## build the book into _build/html, warnings as errors
	@$(PY) -m tools.book

test: setup ## run all tests: package, notebooks, pages, build (AGAIN=1: even if nothing changed)
	@$(PY) -m tools.run_tests $(if $(AGAIN),--again)

test-notebooks: setup ## run the notebooks and compare their outputs: all, or CHAPTER=…
	@$(PY) -m pytest --nbval "$(or $(CHAPTER),notebooks)"

execute: setup ## run chapters and store their outputs: all, or CHAPTER=notebooks/…
	@$(PY) -m tools.execute "$(CHAPTER)"

pdf: book ## print the book as one PDF, _build/draw-book.pdf (needs Chromium)
	@$(PY) -m tools.pdf

serve: book ## build the book and serve it to this machine's browser
	@$(PY) -m http.server --bind 127.0.0.1 --directory _build/html 8000

lab: setup ## open the notebooks in JupyterLab
	@$(PY) -m jupyterlab

lint: setup ## check style and types
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

format: setup ## put the code into the house's format
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

seeds: setup ## measure the claims under SEEDS=20 seeds: all chapters, or CHAPTER=…; on SCHEDULER=tcp://…
	@$(PY) -m tools.seeds --seeds "$(SEEDS)" --scheduler "$(SCHEDULER)" "$(CHAPTER)"

fuzz: setup ## read 10,000 malformed files of each kind (FUZZ=10000)
	@DRAWLIB_FUZZ="$(FUZZ)" $(PY) -m pytest -s tests/drawlib/test_hostile.py

bench: setup ## take the timings in benchmarks/
	@for file in benchmarks/*.py; do [ ! -e "$$file" ] || $(PY) "$$file" || exit 1; done

links: setup ## look whether every link to the outside still leads somewhere
	@$(PY) -m tools.links

licences: setup ## list the licence of everything that set-up installs
	@$(PY) -m tools.licences

colab: setup ## run every chapter with Colab's versions (needs the network)
	@$(PY) -m tools.colab "$(CHAPTER)"

lock: ## solve the dependencies anew into requirements.lock (needs uv and the network)
	@uv pip compile --quiet --universal --python-version 3.10 --fork-strategy fewest \
	    --generate-hashes --no-emit-index-url --no-header --no-annotate \
	    --no-strip-extras --upgrade \
	    --all-extras --group build --output-file requirements.lock pyproject.toml

release: setup ## make and try wheel, source and a zip of the book, in dist/: VERSION=…
	@$(PY) -m tools.release "$(VERSION)"

set-repository: setup ## publish under another address: REPO=owner/name
	@$(PY) -m tools.repository "$(REPO)"

chapter: setup ## begin a chapter from the template: NAME=gan/my_chapter
	@$(PY) -m tools.new_chapter "$(NAME)"

clean: ## remove what was built; .venv stays
	rm -rf _build book/generated .pytest_cache .mypy_cache .ruff_cache
