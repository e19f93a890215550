"""Print how an image was built, as an in-toto statement with SLSA's provenance: `python provenance.py IMAGE BASE`.

Run on the machine that built it, in the folder that it was built from. It is not signed: sign it with your own key, for
example by `cosign attest`. Needs git and Docker, no package.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

INPUTS = ("Dockerfile", "requirements.lock", "requirements-build.lock")
"""The files that determine the image, beside the commit and the base image."""


def output(*command: str) -> str:
    """Return what a command prints, without the line's end."""
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()  # noqa: S603


def digest_of(image: str) -> str:
    """Return the sha256 of an image's configuration, which names it on this machine whatever its tags."""
    return output("docker", "image", "inspect", "--format", "{{.Id}}", image).removeprefix("sha256:")


def digest_of_base(base: str) -> str | None:
    """Return the digest in a base image's name, else that of a local image; None if BuildKit pulled it for itself."""
    if "@sha256:" in base:
        return base.partition("@sha256:")[2]
    try:
        return digest_of(base)
    except subprocess.CalledProcessError:
        return None


def statement(
    image: str, image_sha256: str, base: str, base_sha256: str | None, commit: str, changed: bool
) -> dict[str, Any]:
    """Return the statement. changed: whether the folder had changes that are in no commit."""
    files = {name: hashlib.sha256(Path(name).read_bytes()).hexdigest() for name in INPUTS}
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": image, "digest": {"sha256": image_sha256}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "https://www.docker.com/docker-build",
                "externalParameters": {"base": base, "changed": changed},
                "resolvedDependencies": [
                    {"name": "source", "digest": {"gitCommit": commit}},
                    {"name": base, "uri": base, **({"digest": {"sha256": base_sha256}} if base_sha256 else {})},
                    *({"name": name, "digest": {"sha256": sha256}} for name, sha256 in files.items()),
                ],
            },
            "runDetails": {"builder": {"id": "make image"}},
        },
    }


def main() -> None:
    """Print the statement of an image that was just built."""
    image, base = sys.argv[1:]
    changed = bool(output("git", "status", "--porcelain", "--untracked-files=no"))
    commit = output("git", "rev-parse", "HEAD")
    print(json.dumps(statement(image, digest_of(image), base, digest_of_base(base), commit, changed), indent=1))


if __name__ == "__main__":
    main()
