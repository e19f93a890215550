#!/usr/bin/env bash
# Builds a stand-in for compose.yaml's image of SeaweedFS, from PyPI's package: `stand_in_store.sh PYTHON BASE`.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$(dirname "$1")/weed" "$work/weed"
cat > "$work/wget" <<'END'
#!/bin/sh
for last; do :; done
exec python -c "import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=4)" "$last"
END
chmod +x "$work/wget"
printf 'FROM %s\nCOPY weed wget /usr/bin/\n' "$2" > "$work/Dockerfile"
docker build --quiet --tag chrislusf/seaweedfs:4.48 "$work"
