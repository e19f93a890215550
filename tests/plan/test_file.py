"""A stored plan is found by the spec that it was made from, whatever no row of it depends on."""

import pytest

from job.plan.file import spec_name
from job.study import loads
from tests.plan.small_spec import small_spec

SPEC = small_spec("""\
prompts:
  - clicks: {protocol: ritm}
statistics: {noc: [0.8]}
execution: {device: cpu, cache_gb: 1, max_image_px: 100, chunk: 4}
""")


def name(old="", new=""):
    assert old in SPEC
    return spec_name(loads(SPEC.replace(old, new, 1)).study, None)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("small", "other"),
        ("study:", "output: elsewhere\nstudy:"),
        ("noc: [0.8]", "noc: [0.5], confidence: 0.9, compare: {model: sam, baseline: sam}"),
        ("sam.pth", "sam.pth, published: sam_vit_h"),
        ("device: cpu", "device: auto"),
        ("cache_gb: 1", "cache_gb: 2"),
    ],
)
def test_what_no_row_depends_on_is_no_part_of_its_name(old, new):
    """So that other statistics are computed from what is stored."""
    assert name(old, new) == name()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("organ: 1", "organ: 2"),
        ("a/*.png", "b/*.png"),
        ("sam.pth", "other.pth"),
        ("sam.pth", f"sam.pth, sha256: {'a' * 64}"),
        ("protocol: ritm", "protocol: ritm, max: 3"),
        ("study:", "seed: 4\nstudy:"),
        ("device: cpu", "device: cpu, precision: bf16"),
        ("device: cpu", "device: cpu, batch: 4"),
        ("max_image_px: 100", "max_image_px: 200"),
        ("chunk: 4", "chunk: 8"),
    ],
)
def test_what_the_plan_rests_on_is_part_of_its_name(old, new):
    """Images, weights, prompts, and how the work is cut."""
    assert name(old, new) != name()
