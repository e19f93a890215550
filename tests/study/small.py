"""A small spec, and the faults of a changed one."""

import pytest

from job.errors import SpecError
from job.study import loads

ENVIRONMENT = {"DATA": "/data", "WEIGHTS": "/weights", "RESULTS": "s3://bucket/results"}

SMALL = """\
study: small
datasets:
  - name: A
    modality: CT
    images: a/*.png
    masks: m/{stem}.png
    tasks: {organ: 1}
models:
  - name: lite
    family: lite_medsam
prompts:
  - modes: [whole_box]
"""

GENERATED = SMALL.replace("    images: a/*.png\n    masks: m/{stem}.png\n", "    generated: {patients: 3}\n")


def faults(text, environment=ENVIRONMENT):
    """Return the faults of a spec."""
    with pytest.raises(SpecError) as error:
        loads(text, "s.yaml", environment)
    return [str(fault) for fault in error.value.faults]


def only_fault(text, environment=ENVIRONMENT):
    """Return the fault of a spec that has exactly one."""
    (fault,) = faults(text, environment)
    return fault
