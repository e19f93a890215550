#!/usr/bin/env bash
# Builds a local stand-in for the Dockerfile's base image, for machines that reach no image registry: the same Debian,
# with Debian's Python 3.11 and its headers in place of python.org's. Runs as root; needs mmdebstrap and podman.
set -euo pipefail
cd "$(dirname "$0")"
. ./containers.sh
name=docker.io/library/python:3.11-slim-bookworm
podman image exists "$name" && exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mmdebstrap --quiet --variant=minbase --include=ca-certificates,libpython3.11-dev,python3.11-venv \
    --customize-hook='ln -s /usr/bin/python3.11 "$1/usr/local/bin/python"' \
    --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*' \
    bookworm "$work/debian.tar"
podman import --quiet --message 'stand-in for python:3.11-slim-bookworm' "$work/debian.tar" "$name" > /dev/null
podman image inspect --format '{{.Id}} {{.Size}} bytes' "$name"
