"""Print what an image holds as CycloneDX 1.6: its Python packages, Debian's packages and Python. Needs no package.

The image has the result as /usr/share/medsam-job/sbom.cdx.json. Built twice from the same packages it is the same file.
"""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
import uuid
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from typing import Any

PROGRAM = "medsam-job"
DEBIAN = ["dpkg-query", "--show", "--showformat", "${Package} ${Version} ${Architecture}\n"]


def python_package(distribution: Distribution) -> dict[str, Any]:
    """Return a component for an installed Python package."""
    name = re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()
    stated = distribution.metadata.get("License-Expression")
    licences = {"licenses": [{"expression": stated}]} if stated else {}
    return component(name, distribution.version, f"pkg:pypi/{name}@{distribution.version}") | licences


def debian_package(line: str) -> dict[str, Any]:
    """Return a component for a line of dpkg's: name, version, architecture."""
    name, version, architecture = line.split()
    quoted = version.replace(":", "%3A").replace("+", "%2B").replace("~", "%7E")
    return component(name, version, f"pkg:deb/debian/{name}@{quoted}?arch={architecture}")


def component(name: str, version: str, purl: str) -> dict[str, Any]:
    """Return a component; its package URL is its reference too."""
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def bill(packages: Iterable[dict[str, Any]], version: str) -> dict[str, Any]:
    """Return the bill of materials. Its serial number follows from its content."""
    components = sorted({each["purl"]: each for each in packages}.values(), key=lambda each: each["purl"])
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([version, components]))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {"component": {"type": "container", "bom-ref": PROGRAM, "name": PROGRAM, "version": version}},
        "components": components,
    }


def main() -> None:
    """Print the bill of this Python environment and this Debian."""
    installed = [python_package(each) for each in distributions()]
    debian = subprocess.run(DEBIAN, capture_output=True, check=True, text=True).stdout.splitlines()  # noqa: S603
    version = platform.python_version()
    python = component("python", version, f"pkg:generic/python@{version}")
    program = next((each["version"] for each in installed if each["name"] == PROGRAM), "unknown")
    json.dump(bill([*installed, *map(debian_package, debian), python], program), sys.stdout, indent=1)


if __name__ == "__main__":
    main()
