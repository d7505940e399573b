# make setup   a virtual environment with everything, from requirements.lock (hashes checked), and what builds it
# make demo    the whole job on sample mail, nothing to set up
# make test    all tests; installs Debian's servers for them when it may (root) and they are missing.
#              WORKERS=4 runs them in so many processes, each with servers of its own
# make quick   the tests without servers, in seconds
# make crash   SIGKILL at every system call of a poll, and what became of it; some two hours, or --minutes of them
# make soak    5,000 mails while the service is killed every 10 seconds; some 20 minutes
# make network the connection breaks at every octet of a session
# make stateful thousands of made-up histories, and what must hold after every step
# make bench   what reading a large mail costs, beside the peers, and what a child costs per file
# make lint    ruff, mypy --strict, the floors
# make audit   what is installed is what is locked, and no known vulnerability is in it (asks osv.dev)
# make lock    write the three locks anew from pyproject.toml (needs uv)

PYTHON ?= python3.11
BIN := .venv/bin
WORKERS ?= 3
LOCKED := --requirement requirements-build.lock --requirement requirements.lock
COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --no-emit-find-links --custom-compile-command "make lock" --upgrade --quiet

.PHONY: setup demo test quick crash soak network stateful bench lint format audit lock servers clean

setup: .venv/ready

.venv/ready: requirements.lock requirements-build.lock
	$(PYTHON) -m venv .venv || python3 -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --only-binary :all: --requirement requirements-build.lock
	$(BIN)/python -m pip install --quiet --require-hashes --no-build-isolation --requirement requirements.lock
	$(BIN)/python -m compileall -q intake
	touch $@

demo: setup
	$(BIN)/python run_intake.py demo --out demo-out

test: setup servers
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder --durations 20

quick: setup
	$(BIN)/python -m pytest tests/unit

crash: setup servers
	$(BIN)/python -m tests.crash

soak: setup servers
	$(BIN)/python -m tests.soak

network: setup servers
	$(BIN)/python -m tests.network

stateful: setup servers
	$(BIN)/python -m tests.stateful

bench: setup
	$(BIN)/python tests/bench/reading.py
	$(BIN)/python tests/bench/children.py

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

audit: setup
	$(BIN)/python -m pip check
	@if $(BIN)/python -m pip install --dry-run --require-hashes --no-build-isolation $(LOCKED) | grep "Would install"; \
	  then echo "what is installed is not what is locked: make clean setup"; exit 1; fi
	$(PYTHON) -m venv build/audit && build/audit/bin/python -m pip install --quiet --require-hashes --only-binary :all: --requirement requirements-audit.lock
	build/audit/bin/pip-audit --strict --vulnerability-service osv --require-hashes --disable-pip $(LOCKED) \
	  || { echo "audit: see the findings above; or osv.dev, which knows the vulnerabilities, could not be asked"; exit 1; }

servers:
	@./tests/servers/install

lock:
	$(COMPILE) pyproject.toml --extra archive --extra demo --extra dev --extra dkim --extra postgres --output-file requirements.lock
	$(COMPILE) --group build --output-file requirements-build.lock
	$(COMPILE) --group audit --output-file requirements-audit.lock

clean:
	rm -rf .venv demo-out .pytest_cache .mypy_cache .ruff_cache .hypothesis
