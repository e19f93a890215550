# The image for a single machine, Kubernetes and AWS Batch:
#
#     docker build -t medsam-job .
#     mkdir -p results-docker && sudo chown 10001 results-docker
#     docker run --rm --gpus all -v "$PWD/results-docker:/app/results" medsam-job demo
#
# `docker run medsam-job` alone prints the help.
#
# torch brings CUDA's libraries; the host needs only the NVIDIA driver (580 or later) and its container toolkit. Without a
# GPU, the same image runs on the CPU.
ARG BASE=docker.io/library/python:3.11-slim-bookworm

# The locked packages, checked by hash. This layer of gigabytes is rebuilt only when the lock changes.
FROM ${BASE} AS dependencies
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/medsam-job
COPY requirements.lock /build/
RUN /opt/medsam-job/bin/python -m pip install --no-deps --require-hashes --requirement /build/requirements.lock

# The program, in a virtual environment that contains nothing else. The build tools stay in this stage.
FROM ${BASE} AS program
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/builder && python -m venv --without-pip /opt/medsam-job
COPY requirements-build.lock /build/
RUN /opt/builder/bin/python -m pip install --no-deps --require-hashes --requirement /build/requirements-build.lock
COPY pyproject.toml README.md LICENSE /build/
COPY job /build/job
COPY specs /build/specs
RUN /opt/builder/bin/python -m pip wheel --no-deps --no-build-isolation --wheel-dir /wheel /build \
    && /opt/builder/bin/python -m pip --python /opt/medsam-job/bin/python install --no-deps --no-index /wheel/*.whl

FROM dependencies
# On a GPU, triton and torch.compile build the kernels of SAM's encoder when it first runs: five times as many images a
# second (benchmarks/gpu_h100_202611.md). triton needs a C compiler for that.
# hadolint ignore=DL3008  # whatever Debian 12 has: no result depends on the version
RUN apt-get update -qq && apt-get install -qq --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
RUN install -d -o 10001 -g 10001 /app/results /cache
# A change of code rebuilds only these layers: 18 MB. They use COPY, because not every builder notices a change in what
# `RUN --mount` takes from another stage; such a builder would keep the old program.
COPY --from=program /opt/medsam-job /opt/medsam-job
COPY specs /app/specs
# MEDSAM_JOB_CONTAINER: messages then say how to set up a container, with -v and -e.
# HOME=/tmp: libraries can write their caches even if the root file system is read-only. torch would name its own after
# the user, and an arbitrary uid has no name.
# LD_LIBRARY_PATH: GKE mounts the driver's libraries there without telling the linker. On other machines the folder does
# not exist.
# NVIDIA_REQUIRE_CUDA: a container with a GPU does not start on a host whose driver is too old for this torch. It requests
# no GPU, and is not looked at without one.
ENV PATH=/opt/medsam-job/bin:${PATH} LD_LIBRARY_PATH=/usr/local/nvidia/lib64 MEDSAM_JOB_CACHE=/cache HOME=/tmp \
    TORCHINDUCTOR_CACHE_DIR=/tmp/torchinductor TRITON_CACHE_DIR=/tmp/triton \
    NVIDIA_REQUIRE_CUDA="cuda>=13.0" MEDSAM_JOB_CONTAINER=1 PYTHONUNBUFFERED=1
WORKDIR /app
VOLUME ["/cache"]
USER 10001:10001
ENTRYPOINT ["medsam-job"]
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="medsam-job" \
      org.opencontainers.image.description="Segment Anything against RITM on medical images, as a declarative, repeatable job" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
