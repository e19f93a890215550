#!/usr/bin/env bash
# Builds the image with buildah, without a daemon, and tags it localhost/medsam-job. The base image is looked for among
# the local ones: pull it, or make its stand-in (stand_in_base.sh). Needs 20 GB of disk and a package index.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/infra/containers.sh
volumes=()
# Where packages come by a proxy with a certificate of its own, pip in the build must trust what this machine trusts. The files
# are mounted while building, and are no part of the image.
for file in /etc/ssl/certs/ca-certificates.crt /etc/pip.conf; do
    [ -e "$file" ] && volumes+=(--volume "$(readlink -f "$file"):$file:ro")
done
began=$SECONDS
buildah bud --isolation chroot --network host --format docker --pull-never --layers "${volumes[@]}" \
    --build-arg REVISION="$(git rev-parse --short HEAD 2> /dev/null || echo unknown)" \
    --tag localhost/medsam-job .
echo "built in $((SECONDS - began)) s: $(podman image inspect --format '{{.Size}}' localhost/medsam-job) bytes unpacked"
