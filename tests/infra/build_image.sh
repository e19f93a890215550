#!/usr/bin/env bash
# Builds the image with buildah or podman, without a daemon, and tags it localhost/medsam-job: `build_image.sh buildah`.
# The second of them finds the layers of the first. The base image must be a local one:
# pull it, or build its stand-in (stand_in_base.sh). Needs 20 GB of disk and a package index.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/infra/containers.sh
volumes=()
# If a proxy with its own certificate serves the packages, pip in the build must trust the same certificates as this
# machine. The files are mounted only for the build and are not part of the image.
for file in /etc/ssl/certs/ca-certificates.crt /etc/pip.conf; do
    [ -e "$file" ] && volumes+=(--volume "$(readlink -f "$file"):$file:ro")
done
began=$SECONDS
case ${1:-buildah} in
    buildah) build=(buildah bud) ;;
    podman) build=(podman build) ;;
esac
"${build[@]}" --isolation chroot --network host --format docker --pull-never --layers "${volumes[@]}" \
    --build-arg REVISION="$(git rev-parse --short HEAD 2> /dev/null || echo unknown)" \
    --tag localhost/medsam-job .
echo "built in $((SECONDS - began)) s: $(podman image inspect --format '{{.Size}}' localhost/medsam-job) bytes unpacked"
