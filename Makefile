# `make` or `make help` lists what there is. Options of a command: make run ARGS='--config worker.toml'

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo run check test test-lowest test-python verify simulate chaos lint bench bench-compare rehearse fuzz release-check lock readme examples countries screenshot panels manifests clean

ARGS ?=
BIN := .venv/bin
READY := .venv/.ready
# The Python of .venv: the distribution's, if it fits. It is optimised by a profile, as the image's is; pyenv's are not,
# and a contact costs an eighth to a fifth more CPU time.
PYTHON = $(or $(shell /usr/bin/python3 -c 'import sys; sys.version_info < (3, 11) or print(sys.executable)' 2>/dev/null),>=3.11)
UV := $(or $(shell command -v uv),.tools/bin/uv)
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
RESOLVE := $(UV) pip compile --quiet --python .venv-lowest/bin/python --upgrade --all-extras --no-header pyproject.toml
# What `make bench` holds the worker against, where Go is installed. Neither CI nor a comparison needs it.
FLOOR := $(if $(filter --ci --compare,$(ARGS)),,$(if $(shell command -v go),.tools/bin/go-floor))
# Packages without I/O, and the tests that cover every line and branch of them. Tracing makes a test twice as slow.
PURE := consumer/enrolment/*,consumer/formats/*,consumer/delivery/*,consumer/clicksend/outcome.py
PURE_TESTS := tests/enrolment tests/formats tests/delivery tests/clicksend/test_outcome.py
# Without a broker and without the network: what tells whether an interpreter or the versions of packages fit.
UNIT_TESTS := $(PURE_TESTS) tests/clicksend tests/registry tests/scheduling tests/settings $(wildcard tests/test_*.py)
# Three processes for two cores: many tests wait for a broker or a server.
PYTEST := $(BIN)/pytest --quiet --numprocesses 3

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## create .venv; the other targets do this when needed (PYTHON=3.13: by another Python)

demo: $(READY) ## run everything on this machine, without configuration (ARGS='--once', ARGS='--events FILE')
	@$(BIN)/clicksend-consumer demo $(ARGS)

run: $(READY) ## run the worker, configured by the environment (ARGS='--config FILE')
	@$(BIN)/clicksend-consumer run $(ARGS)

check: $(READY) ## check settings, Kafka and ClickSend; changes nothing (ARGS='--config FILE')
	@$(BIN)/clicksend-consumer check $(ARGS)

test: $(READY) ## run the tests that detect faults in seconds, with coverage of the pure packages; ARGS='tests/settings' for one part
ifeq ($(strip $(ARGS)),)
	@$(PYTEST) --dist worksteal -m 'not slow' $(PURE_TESTS) --cov --cov-report=
	@$(BIN)/coverage report --include '$(PURE)' --fail-under 100
	@$(PYTEST) --dist worksteal -m 'not slow' $(addprefix --ignore=,$(PURE_TESTS))
else
	@$(BIN)/pytest $(ARGS)
endif

test-lowest: $(READY) ## run the unit tests on the lowest versions that pyproject.toml allows
	@$(UV) venv --quiet --allow-existing --python $(BIN)/python .venv-lowest
	@$(RESOLVE) --resolution lowest-direct --output-file .venv-lowest/lowest.txt
	@$(RESOLVE) --group dev --constraint .venv-lowest/lowest.txt --output-file .venv-lowest/requirements.txt
	@$(UV) pip sync --quiet --python .venv-lowest/bin/python .venv-lowest/requirements.txt
	@$(UV) pip install --quiet --python .venv-lowest/bin/python --no-deps --no-build-isolation --editable .
	@.venv-lowest/bin/pytest --quiet --numprocesses 3 -p no:cacheprovider -m 'not slow' $(UNIT_TESTS)

test-python: $(UV) ## run the unit tests on another Python that is installed (VERSION=3.13, or VERSION=/path/to/python)
	@$(if $(VERSION),,echo 'Say which: make test-python VERSION=3.13' >&2; exit 2)
	@$(UV) venv --quiet --allow-existing --python '$(VERSION)' --no-python-downloads .venv-python
	@$(UV) pip sync --quiet --python .venv-python/bin/python --require-hashes requirements-dev.txt
	@$(UV) pip install --quiet --python .venv-python/bin/python --no-deps --no-build-isolation --editable .
	@.venv-python/bin/python --version
	@.venv-python/bin/pytest --quiet --numprocesses 3 -p no:cacheprovider -m 'not slow' $(UNIT_TESTS)

verify: $(READY) ## run the tests that take minutes, short chaos and rehearsal: long histories, kills, promtool, images
	@$(PYTEST) --dist loadfile -m slow
	@$(BIN)/python -m tests.chaos --short
	@$(BIN)/python -m tests.rehearsal --short

simulate: $(READY) ## simulate thousands of histories of the whole engine in virtual time (ARGS='--seed 1', '--seeds 0-99', '--minutes 10')
	@$(BIN)/python -m tests.simulation $(ARGS)

chaos: $(READY) ## kill and freeze workers on a real Kafka, with faults and a verdict (ARGS='--short', '--seed N --minutes M --scenario NAME')
	@$(BIN)/python -m tests.chaos $(ARGS)

lint: $(READY) ## run ruff, its formatter, codespell, deptry and mypy
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --quiet --check
	@$(BIN)/codespell
	@found=$$($(BIN)/deptry --no-ansi consumer 2>&1) || { echo "$$found"; exit 1; }
	@$(BIN)/mypy --no-error-summary

bench: $(READY) $(FLOOR) ## run the benchmarks, with baselines in the same run (ARGS='--only NAME', '--against REV', '--long', '--ci', '--json FILE')
ifeq ($(strip $(ARGS)),)
	@for each in tests/benchmarks/bench_*.py; do $(BIN)/python $$each || exit 1; done
endif
	@$(BIN)/python -m tests.benchmarks $(ARGS)

bench-compare: $(READY) ## compare two runs of the benchmarks (ARGS='A.json B.json')
	@$(BIN)/python -m tests.benchmarks --compare $(ARGS)

rehearse: $(READY) ## load-test 1 to 4 workers and a rolling restart on a real Kafka (ARGS='--keep' renews the table and the picture in deploy/SIZING.md)
	@$(BIN)/python -m tests.rehearsal $(ARGS)

fuzz: $(READY) ## fuzz the HTTP clients with mutated responses for a minute (ARGS='SECONDS SEED')
	@$(BIN)/python -m tests.clicksend.fuzz_adapter $(ARGS)

release-check: $(READY) ## check a release: changelog, reproducible builds, bills of materials and licences, into dist/
	@UV=$(UV) $(BIN)/python -m tests.release

lock: $(READY) ## renew the lock files from pyproject.toml (ARGS='--upgrade' for the newest versions)
	@$(COMPILE) $(ARGS) --output-file requirements.txt pyproject.toml
	@$(COMPILE) $(ARGS) --output-file requirements-demo.txt pyproject.toml --extra demo --constraint requirements.txt
	@$(COMPILE) $(ARGS) --output-file requirements-aws.txt pyproject.toml --extra aws --constraint requirements.txt
	@$(COMPILE) $(ARGS) --output-file requirements-mtls.txt pyproject.toml --extra mtls --constraint requirements.txt
	@$(COMPILE) $(ARGS) --output-file requirements-registry.txt pyproject.toml --extra registry --constraint requirements.txt
	@$(COMPILE) $(ARGS) --output-file requirements-otel.txt pyproject.toml --extra otel --constraint requirements.txt
	@$(COMPILE) $(ARGS) --output-file requirements-dev.txt pyproject.toml --group dev --group release --all-extras
	@echo uv | $(COMPILE) $(ARGS) --output-file requirements-uv.txt -

readme: $(READY) ## renew the table of settings in consumer/settings/README.md
	@$(BIN)/python -m consumer.settings.readme

examples: $(READY) ## renew the output of the commands in the docs; needs Java and Maven
	@$(BIN)/python -m tests.docs

countries: $(READY) ## renew the table of country names from libraries
	@$(BIN)/python -m tests.enrolment.countries

screenshot: $(READY) ## renew the README's picture from a running demo; needs Chromium
	@$(BIN)/python -m tests.browser.screenshot .github/event-debugger.png

panels: $(READY) ## renew the pictures of the dashboards in deploy/README.md from a live run (7 minutes); needs Chromium, Java, Prometheus
	@$(BIN)/python -m tests.deploy.draw_panels .github

manifests: $(READY) .tools/bin/kustomize ## renew the generated files in deploy/ (ARGS='--home URL': the URL of this repository)
	@$(BIN)/python -m deploy.generate $(ARGS)
	@for each in dev prod; do \
		.tools/bin/kustomize build deploy/kubernetes/overlays/$$each >deploy/kubernetes/rendered/$$each.yaml || exit 1; done

clean: ## remove the files of setup, tests and builds
	@rm -rf .venv .venv-lowest .venv-python .tools .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.* build dist tests/node/node_modules
	@find consumer tests -name __pycache__ -prune -exec rm -rf {} +

$(READY): pyproject.toml requirements-dev.txt $(UV)
	@echo 'Setting up .venv (once) ...' >&2
	@$(UV) venv --quiet --allow-existing --python '$(PYTHON)' --no-python-downloads .venv
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements-dev.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

.tools/bin/kustomize: tests/deploy/kustomize/go.sum
	@cd tests/deploy/kustomize && go build -o ../../../$@ sigs.k8s.io/kustomize/kustomize/v5
	@touch $@

.tools/bin/docker-compose: tests/deploy/compose/go.sum
	@cd tests/deploy/compose && go build -o ../../../$@ github.com/docker/compose/v2/cmd
	@touch $@

.tools/bin/go-floor: $(wildcard tests/benchmarks/go_floor/*)
	@cd tests/benchmarks/go_floor && go build -o ../../../$@ .
	@touch $@

# Where uv is not on the PATH. `--target` needs no environment, so it works on Debian, whose own is not to be touched.
.tools/bin/uv: requirements-uv.txt
	@python3 -m pip --version >/dev/null 2>&1 || { \
		echo 'Neither uv nor pip is here. Install one of them: apt-get install python3-pip' >&2; exit 1; }
	@PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --target .tools --upgrade \
		--require-hashes --requirement requirements-uv.txt
	@touch $@
