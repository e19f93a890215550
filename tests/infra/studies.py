"""The study that the manifests carry, made small."""

import yaml

from tests.infra.podman import ROOT

FIRST_RUN = ROOT / "infra/kubernetes/base/study.yaml"


def small_study(*, patients, output="${RESULTS}/first-run", clicks=2, **execution):
    """Give its YAML, with so many images and clicks, a chunk for each image."""
    spec = yaml.safe_load(FIRST_RUN.read_text())
    spec["output"] = output
    spec["datasets"][0]["generated"]["patients"] = patients
    spec["prompts"][0]["clicks"]["max"] = clicks
    spec["execution"] |= {"chunk": 1, **execution}
    return yaml.safe_dump(spec, sort_keys=False)
