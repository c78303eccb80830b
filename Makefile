# Every target sets up what it needs: a virtual environment, pinned requirements, Chromium for the page's test.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
CARD ?= unet-camvid
DATA ?= synthetic
# Two workers with one thread each; a file's tests stay together, with the server or the network they share. The
# files come in their order, the browser's first: by the number of tests, the longest would be left for the end.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --durations=25

# What is never imported is not compiled: a minute of two. What is imported is compiled once, not by every process.
INSTALL := $(BIN)/python -m pip install --no-compile
unexport PYTHONDONTWRITEBYTECODE

SUPPLY := $(VENV)/supply/bin
MAKEFLAGS += --jobs=2  # what test needs is fetched side by side

.PHONY: chromium nginx app test suite cluster check lint train bench space static model chromium lock sbom audit

app: $(VENV)/.app  ## serve http://127.0.0.1:7860
	$(BIN)/python app.py

test: lint suite  ## style, types and the whole suite, side by side: what CI runs

suite: $(VENV)/.dev chromium nginx  ## the whole suite
	$(PYTEST) -m "not cluster"

cluster: $(VENV)/.dev  ## segen serve with replicas that die and are renewed: three minutes, apart from the suite
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m cluster

check: lint  ## style, types and the fast tests
	$(PYTEST) -m "not slow and not browser"

lint: $(VENV)/.dev  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy segen

train: $(VENV)/.app  ## make train CARD=unet-camvid DATA=/path/to/data
	$(BIN)/python train.py $(CARD) --data $(DATA)

bench: $(VENV)/.dev chromium  ## measure all of docs/performance.md, speed beside a peer in the same run, and write it
	$(BIN)/python -m benchmarks

space: $(VENV)/.static  ## make space SPACE=owner/name FLAVOUR=zerogpu (cpu, static); DRY_RUN=1 prints one path a line
	$(BIN)/python -m publishing space $(SPACE) --flavour $(FLAVOUR) $(if $(DRY_RUN),--dry-run)

static: $(VENV)/.static  ## make static DIR=site: what of the lab needs no server, for any web server
	$(BIN)/python -m publishing static $(DIR)

model: $(VENV)/.app  ## make model CARD=unet-camvid OWNER=name: publish a card as a model, owner/segen-card
	$(BIN)/python -m publishing model $(CARD) $(OWNER) $(if $(DRY_RUN),--dry-run)

lock: $(VENV)/.supply  ## requirements.lock: requirements.txt and all that it needs, with the hashes of public PyPI
	$(SUPPLY)/uv pip compile requirements.txt --universal --python-version 3.11 --generate-hashes --no-config \
	  --default-index https://pypi.org/simple --custom-compile-command "make lock" --quiet -o requirements.lock

sbom: $(VENV)/.app $(VENV)/.supply  ## sbom.json: a software bill of materials (CycloneDX) of what is installed
	$(SUPPLY)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible -o sbom.json $(BIN)/python

audit: $(VENV)/.supply  ## look for advisories on what requirements.lock names
	@$(SUPPLY)/pip-audit -r requirements.lock --require-hashes --disable-pip --strict --progress-spinner off || \
	{ echo "Not clean: a package has an advisory, or its source could not be reached; see the line above."; exit 1; }

$(VENV)/.app: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --upgrade pip
	$(INSTALL) -r requirements.txt
	touch $@

$(VENV)/.dev: $(VENV)/.app
	$(INSTALL) -e ".[dev]"
	touch $@

$(VENV)/.static: $(VENV)/.app
	$(INSTALL) -e ".[static]"
	touch $@

$(VENV)/.supply: pyproject.toml
	$(PYTHON) -m venv $(VENV)/supply
	$(SUPPLY)/python -m pip install $$($(PYTHON) -c "import tomllib; \
	print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['supply'])")
	touch $@

chromium:
	@command -v chromium >/dev/null || if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; \
	then apt-get update && apt-get install -y --no-install-recommends chromium fonts-noto-cjk; \
	else echo "No Chromium: the page's tests are skipped. Get it with: sudo apt-get install chromium"; fi

nginx: chromium $(VENV)/.dev  # unpacked, not installed: installing it would start a server
	@command -v nginx >/dev/null || test -x $(VENV)/nginx/usr/sbin/nginx || \
	(cd $(VENV) && apt-get download nginx && dpkg-deb -x nginx_*.deb nginx && rm nginx_*.deb) || \
	echo "No nginx: the test of docs/deploy.md is skipped. Get it with: sudo apt-get install nginx"
