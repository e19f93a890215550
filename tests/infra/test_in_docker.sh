#!/usr/bin/env bash
# Builds both images with Docker on the stand-in base and runs them: `test_in_docker.sh PYTHON`. Runs as root; needs
# docker.io and catatonit (apt), and Docker's plugin for compose. Needs 25 GB of disk.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=$(realpath --no-symlinks "$1")
# A client from 23 on needs buildx, a plugin, for BuildKit. docker.io's own client does not.
docker buildx version > /dev/null 2>&1 || PATH=/usr/bin:$PATH
. tests/infra/dockerd.sh
base=docker.io/library/python:3.11-slim-bookworm
docker image inspect "$base" > /dev/null 2>&1 || {
    tests/infra/stand_in_base.sh
    . tests/infra/containers.sh
    podman save --quiet "$base" | docker load --quiet
}
# If a proxy with its own certificate serves the packages, pip in the build must trust what this machine trusts. That is
# an image of its own, in which the build's stages run, and no part of the result.
work=$(mktemp -d)
cp -L /etc/ssl/certs/ca-certificates.crt "$work/certificates"
cp -L /etc/pip.conf "$work/pip.conf" 2> /dev/null || touch "$work/pip.conf"
printf 'FROM %s\nCOPY pip.conf /etc/pip.conf\nCOPY certificates /etc/ssl/certs/ca-certificates.crt\n' "$base" > "$work/Dockerfile"
docker build --quiet --tag medsam-job-build-base "$work"
rm -r "$work"
export DOCKER_BUILDKIT=${DOCKER_BUILDKIT:-1}
for target in image image-slim; do
    make "$target" BUILD="--network host --build-arg BUILD_BASE=medsam-job-build-base"
done
docker image inspect chrislusf/seaweedfs:4.48 > /dev/null 2>&1 || tests/infra/stand_in_store.sh "$python" "$base"
ENGINE=docker "$python" -m pytest --noconftest tests/infra/check_docker.py tests/infra/check_image.py
