# Needs Python 3.11 or later; everything else comes from the lock files.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-long check format lock schema train-demo ship-demo image-test image k8s-up k8s-watch k8s-down clean

demo: $(VENV)/ready  ## run the embedded study; prints the table and where everything lies
	$(BIN)/medsam-job specs/quickstart.yaml

test: $(VENV)/ready  ## the whole suite, servers included
	$(BIN)/pytest -m "not long"

test-long: $(VENV)/ready  ## what takes minutes, or weights of hundreds of megabytes
	$(BIN)/pytest -m long

check: $(VENV)/ready  ## format, lint, types, the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest tests/test_house.py

format: $(VENV)/ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schema: $(VENV)/ready  ## write specs/schema.json from the code
	$(BIN)/medsam-job schema > specs/schema.json

# Each as long as MINUTES says, over all sittings, see docs/training.md: call it again to go on after an interruption.
MINUTES ?= 300
TRAINED ?= ../trained
train-demo: $(VENV)/ready  ## make the demo weights again: LiteMedSAM with clicks, then RITM; checkpoints in TRAINED
	$(BIN)/python -m training.clicks_demo --minutes $(MINUTES) --out $(TRAINED)/clicks
	$(BIN)/python -m training.ritm_demo --minutes $(MINUTES) --out $(TRAINED)/ritm

ship-demo: $(VENV)/ready  ## put what lies in TRAINED into the package, with curves and model cards
	$(BIN)/python -m training.ship --trained $(TRAINED)

# uv is needed for this one alone: python3 -m pip install uv
LOCK := uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11
lock:  ## pin the newest versions that pyproject.toml allows
	$(LOCK) --upgrade --output-file requirements.lock pyproject.toml
	$(LOCK) --upgrade --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml
	echo hatchling | $(LOCK) --no-annotate --constraint requirements-dev.lock --output-file requirements-build.lock -
	$(LOCK) --upgrade --group infra --output-file requirements-infra.lock

IMAGE ?= medsam-job
VERSION := $(shell sed -n 's/^version = "\(.*\)"$$/\1/p' pyproject.toml)
REVISION = $(shell git rev-parse --short HEAD)
image:  ## build the image with docker; tags: latest, the version, the git revision
	docker build --tag $(IMAGE) --tag $(IMAGE):$(VERSION) --tag $(IMAGE):$(REVISION) \
		--build-arg VERSION=$(VERSION) --build-arg REVISION=$(REVISION) .

# As root, with buildah, podman and runc (apt), and kubectl. Without an image registry: tests/infra/stand_in_base.sh first.
INFRA := .venv-infra
image-test: $(INFRA)/ready  ## build the image without docker, run it as clusters do, check manifests and template
	$(INFRA)/bin/hadolint Dockerfile
	$(INFRA)/bin/python -m pytest tests/infra/check_kubernetes.py tests/infra/check_aws_batch.py
	tests/infra/build_image.sh
	. tests/infra/containers.sh && $(INFRA)/bin/python -m pytest tests/infra/check_image.py tests/infra/check_shards.py \
		tests/infra/check_cluster.py tests/infra/check_batch_array.py

# OVERLAY is cpu, gpu, array or spot; KUBECTL may name a context and a namespace.
OVERLAY ?= gpu
KUBECTL ?= kubectl
k8s-up:  ## submit the study in infra/kubernetes/base to Kubernetes
	$(KUBECTL) apply --kustomize infra/kubernetes/overlays/$(OVERLAY)

k8s-watch:  ## follow its pods
	$(KUBECTL) get pods --selector app.kubernetes.io/name=medsam-job --watch --output wide

k8s-down:  ## take its jobs off Kubernetes; results stay
	$(KUBECTL) delete jobs,configmaps,serviceaccounts --selector app.kubernetes.io/name=medsam-job

$(INFRA)/ready: requirements-infra.lock
	$(PYTHON) -m venv $(INFRA)
	$(INFRA)/bin/python -m pip install --quiet --upgrade pip
	$(INFRA)/bin/python -m pip install --quiet --no-deps --require-hashes --requirement $<
	touch $@

$(VENV)/ready: requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes --requirement requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

clean:
	rm -rf $(VENV) $(INFRA) results dist
