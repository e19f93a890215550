# Needs Python 3.11 or later. The lock files provide everything else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-long check mutate bench bench-gpu format lock schema train-demo ship-demo docs docs-version image-test image k8s-up k8s-watch k8s-down clean

demo: $(VENV)/ready  ## run the embedded study; print the tables and where the results are
	$(BIN)/medsam-job demo

# Tests that need a program which pip does not have are left out where it is missing; a line says so.
CHROMIUM := $(firstword $(shell command -v chromium chromium-browser google-chrome))
SLURM := $(and $(filter 0,$(shell id -u)),$(shell command -v munged),$(shell command -v slurmctld))
NPM := $(shell command -v npm)
AZURITE := $(VENV)/azurite
MISSING := $(if $(CHROMIUM),,browser) $(if $(SLURM),,slurm) $(if $(NPM),,azure)
SERVERS := $(if $(NPM),$(AZURITE)/ready)
# Processes in place of threads, because most tests use one core. Each may take 4 GB.
# With bytecode, because hundreds of tests start the program, which would compile its modules each time.
test: $(VENV)/ready $(SERVERS)  ## run the test suite, including the tests that start servers, a browser and a cluster
	@$(if $(CHROMIUM),:,echo "The tests in a browser are left out: install Chromium (Debian: apt-get install chromium).")
	@$(if $(SLURM),:,echo "The tests on Slurm are left out: as root, apt-get install slurm-wlm munge.")
	@$(if $(NPM),:,echo "The tests of az:// are left out: install npm (Debian: apt-get install npm).")
	env --unset=PYTHONDONTWRITEBYTECODE OMP_NUM_THREADS=1 $(BIN)/pytest -m "not long$(foreach mark,$(MISSING), and not $(mark))" -n auto --maxprocesses 4 --dist worksteal

test-long: $(VENV)/ready $(SERVERS)  ## run the tests that take minutes or need weights of hundreds of megabytes
	$(BIN)/pytest -m long

check: $(VENV)/ready  ## check format, lint, types and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest tests/test_house.py

# All mutants take hours. ROOM selects modules: make mutate ROOM='job.prompts.modes*'. SAMPLE is how many of each room are
# run, always the same: make mutate SAMPLE=250. A first run of one module makes all mutants, among which it chooses.
ROOM ?=
SAMPLE ?=
FLOOR ?= 85
MUTMUT = OMP_NUM_THREADS=1 PYTHONHASHSEED=0 MEDSAM_SHARED=$(abspath ../shared) $(BIN)/mutmut run
SAMPLED = $(if $(SAMPLE),$$($(BIN)/python tests/mutation_sample.py $(SAMPLE)))
mutate: $(VENV)/ready  ## break the pure rooms in small ways; fail if the tests notice fewer than FLOOR % of them
	rm -rf mutants
	{ $(if $(SAMPLE),$(MUTMUT) 'job.metrics.registry*' &&) $(MUTMUT) $(if $(ROOM),'$(ROOM)') $(SAMPLED); } > mutants.log 2>&1 \
		|| { tr '\r' '\n' < mutants.log | tail -30; exit 1; }
	$(BIN)/python tests/mutation_score.py $(FLOOR)

# Options of the scripts, such as BENCH='--rounds 3'. They write nothing into this folder.
BENCH ?=
bench: $(VENV)/ready  ## compare the job with a plain loop on the CPU: SAM ViT-B, LiteMedSAM with clicks, RITM h18s
	$(BIN)/python -m benchmarks.speed $(BENCH)

# BUDGET is in seconds; what does not fit is left out, and named.
BUDGET ?= 540
bench-gpu: $(VENV)/ready  ## measure on a GPU: SAM ViT-B and ViT-H, RITM h32, memory, and the plain loop
	$(BIN)/python -m benchmarks.gpu --budget $(BUDGET) $(BENCH)

format: $(VENV)/ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schema: $(VENV)/ready  ## write specs/schema.json from the code
	$(BIN)/medsam-job schema > specs/schema.json

# MINUTES is the length of each training over all sittings. After an interruption, run it again: it resumes. See
# docs/training.md.
MINUTES ?= 300
TRAINED ?= ../trained
train-demo: $(VENV)/ready  ## train the demo weights: LiteMedSAM with clicks, then RITM; checkpoints in TRAINED
	$(BIN)/python -m training.clicks_demo --minutes $(MINUTES) --out $(TRAINED)/clicks
	$(BIN)/python -m training.ritm_demo --minutes $(MINUTES) --out $(TRAINED)/ritm

ship-demo: $(VENV)/ready  ## copy the weights in TRAINED into the package; write curves and model cards
	$(BIN)/python -m training.ship --trained $(TRAINED)

# Only this target needs uv: python3 -m pip install uv
LOCK := uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11
lock:  ## pin the newest versions that pyproject.toml allows
	$(LOCK) --upgrade --extra gs --extra az --extra transformers --output-file requirements.lock pyproject.toml
	$(LOCK) --upgrade --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml
	echo hatchling | $(LOCK) --no-annotate --constraint requirements-dev.lock --output-file requirements-build.lock -
	$(LOCK) --upgrade --group infra --output-file requirements-infra.lock
	$(LOCK) --upgrade --group docs --output-file requirements-docs.lock

# Not --quiet: mkdocs would then overlook warnings, and --strict with them.
DOCS := .venv-docs
PAGES := README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md CITATION.cff docs specs benchmarks infra
docs: $(DOCS)/ready  ## build the documentation as a site in site/html; a link that leads nowhere fails
	@rm -rf site
	@mkdir -p site/pages
	@git ls-files -z $(PAGES) | xargs -0 cp --parents --target-directory site/pages
	@NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --strict
	@echo "The first page: site/html/index.html"

# Committed to a branch of this clone alone. mike runs mkdocs by its name.
docs-version: docs  ## add the documentation of this version to the branch gh-pages, beside that of others
	@PATH="$(abspath $(DOCS))/bin:$$PATH" NO_MKDOCS_2_WARNING=1 mike deploy --update-aliases $(VERSION) latest
	@$(DOCS)/bin/mike set-default latest
	@echo "To look at it: $(DOCS)/bin/mike serve. To publish it: git push origin gh-pages"

IMAGE ?= medsam-job
VERSION := $(shell sed -n 's/^version = "\(.*\)"$$/\1/p' pyproject.toml)
REVISION = $(shell git rev-parse --short HEAD)
BASE := $(shell sed -n 's/^ARG BASE=//p' Dockerfile)
# Further options of `docker build`, such as BUILD='--build-arg BASE=…'. MADE is where the image's papers go.
BUILD ?=
MADE ?= dist/image
image:  ## build the image with Docker; tags: latest, the version, the git revision. Then its bill of materials and provenance
	docker build --tag $(IMAGE) --tag $(IMAGE):$(VERSION) --tag $(IMAGE):$(REVISION) \
		--build-arg VERSION=$(VERSION) --build-arg REVISION=$(REVISION) $(BUILD) .
	@mkdir -p $(MADE)
	docker run --rm --network none --entrypoint cat $(IMAGE) /usr/share/medsam-job/sbom.cdx.json > $(MADE)/sbom.cdx.json
	$(PYTHON) infra/image/provenance.py $(IMAGE) $(BASE) > $(MADE)/provenance.json

image-slim:  ## build the small image without torch, to plan, validate, gather and report
	docker build --target slim --tag $(IMAGE):slim --build-arg VERSION=$(VERSION) --build-arg REVISION=$(REVISION) $(BUILD) .

DOCKERFILE ?= Dockerfile
base:  ## pull the newest base image and write its digest into the Dockerfile
	@base=$$(sed -n 's/^ARG BASE=\([^@]*\).*/\1/p' $(DOCKERFILE)) \
		&& digest=$$(docker pull "$$base" | sed -n 's/^Digest: //p') && test -n "$$digest" \
		&& sed -i "s|^ARG BASE=.*|ARG BASE=$$base@$$digest|" $(DOCKERFILE) && grep '^ARG BASE=' $(DOCKERFILE)

# --noconftest: conftest.py needs the program's packages, which this environment does not have.
# Runs as root; needs buildah, podman, runc, catatonit and docker.io (apt), Docker's plugin for compose, and kubectl. Without
# an image registry, run tests/infra/stand_in_base.sh first.
INFRA := .venv-infra
image-test: $(INFRA)/ready  ## build the image with buildah, podman and Docker, run it as clusters do, check manifests and template
	$(INFRA)/bin/hadolint Dockerfile
	$(INFRA)/bin/python -m pytest --noconftest tests/infra/check_kubernetes.py tests/infra/check_aws_templates.py \
		tests/infra/check_aws_batch.py
	tests/infra/build_image.sh buildah
	tests/infra/build_image.sh podman
	. tests/infra/containers.sh && $(INFRA)/bin/python -m pytest --noconftest tests/infra/check_image.py tests/infra/check_shards.py \
		tests/infra/check_cluster.py tests/infra/check_batch_array.py
	tests/infra/test_in_docker.sh $(INFRA)/bin/python

# OVERLAY is a folder in infra/kubernetes/overlays: cpu, gpu, array, spot, pvc, openshift, kueue, mig, or your own. KUBECTL may include a context and a namespace.
OVERLAY ?= gpu
KUBECTL ?= kubectl
k8s-up:  ## submit the study in infra/kubernetes/base to Kubernetes
	$(KUBECTL) apply --kustomize infra/kubernetes/overlays/$(OVERLAY)

k8s-watch:  ## watch the pods of the study
	$(KUBECTL) get pods --selector app.kubernetes.io/name=medsam-job --watch --output wide

k8s-down:  ## delete the study's jobs from Kubernetes; results stay
	$(KUBECTL) delete jobs,configmaps,serviceaccounts,networkpolicies --selector app.kubernetes.io/name=medsam-job

$(AZURITE)/ready: tests/integration/azurite/package-lock.json $(VENV)/ready
	mkdir -p $(AZURITE)
	cp tests/integration/azurite/package.json tests/integration/azurite/package-lock.json $(AZURITE)
	cd $(AZURITE) && npm ci --silent --no-audit --no-fund
	touch $@

$(INFRA)/ready: requirements-infra.lock
	$(PYTHON) -m venv $(INFRA)
	$(INFRA)/bin/python -m pip install --quiet --upgrade pip
	$(INFRA)/bin/python -m pip install --quiet --no-deps --require-hashes --requirement $<
	touch $@

$(DOCS)/ready: requirements-docs.lock
	$(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --upgrade pip
	$(DOCS)/bin/python -m pip install --quiet --no-deps --require-hashes --requirement $<
	touch $@

$(VENV)/ready: requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes --requirement requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

clean:
	rm -rf $(VENV) $(INFRA) $(DOCS) site results dist mutants mutants.log
