"""A small version of the study in the Kubernetes manifests."""

import yaml

from tests.infra.engine import ROOT

FIRST_RUN = ROOT / "infra/kubernetes/base/study.yaml"


TINY = """\
study: tiny
output: ${RESULTS:-/app/results}/tiny
datasets:
  - name: Generated
    modality: generated
    generated: {patients: 3, slices: 1, seed: 5}
    tasks: {organ: 1, lesion: 2}
models:
  - {name: lite, family: lite_medsam}
prompts:
  - modes: [whole_box]
"""
"""Three images, each with an organ or a lesion, and one model without clicks: seconds."""


def small_study(*, patients, output="${RESULTS}/first-run", clicks=2, **execution):
    """Return its YAML, with a number of images and clicks, and a chunk for each image."""
    spec = yaml.safe_load(FIRST_RUN.read_text())
    spec["output"] = output
    spec["datasets"][0]["generated"]["patients"] = patients
    spec["prompts"][0]["clicks"]["max"] = clicks
    spec["execution"] |= {"chunk": 1, **execution}
    return yaml.safe_dump(spec, sort_keys=False)
