#!/usr/bin/env bash
# Check that `make docs-version` puts the documentation of two versions side by side, in a copy of this repository.
set -euo pipefail
cd "$(dirname "$0")/.."
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git clone --quiet . "$copy"
ln -s "$PWD/.venv-docs" "$copy/.venv-docs"
cd "$copy"
git config user.name test
git config user.email test@localhost
for version in 0.1.0 0.2.0; do
    make --silent --old-file .venv-docs/ready docs-version VERSION="$version" > make.log 2>&1 || { cat make.log; exit 1; }
done
git checkout --quiet gh-pages
for page in index.html {0.1.0,0.2.0}/index.html {0.1.0,0.2.0}/docs/spec.html latest/index.html; do
    test -f "$page" || { echo "gh-pages has no $page"; exit 1; }
done
grep -q 'url=../0.2.0/' latest/index.html || { echo "latest does not lead to 0.2.0"; exit 1; }
python3 - << 'END'
import json

versions = {entry["version"]: entry["aliases"] for entry in json.load(open("versions.json"))}
assert versions == {"0.1.0": [], "0.2.0": ["latest"]}, versions
END
echo "The documentation of two versions stands side by side."
