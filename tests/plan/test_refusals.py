"""Every fault of the prompt blocks is reported: all modes that a model does not take, and all repeated blocks."""

import pytest

from job.errors import SpecError
from job.models.protocol import Capabilities
from job.plan import blocks
from job.study import loads
from tests.plan.small_spec import small_spec


def faults(rest):
    """Return the faults of the prompt blocks of a spec, without their places."""
    with pytest.raises(SpecError) as error:
        blocks.prompt_blocks(loads(small_spec(rest), "s.yaml"))
    return [str(fault).partition(": ")[2] for fault in error.value.faults]


def test_all_boxes_of_a_block_are_named():
    """For RITM, which takes clicks only."""
    ritm = "  - {name: ritm, family: ritm, arch: hrnet18s, checkpoint: r.pth}\n"
    assert faults(f"{ritm}prompts:\n  - {{models: [ritm], modes: [largest_box, largest_point, whole_box]}}\n") == [
        "prompts[0].modes: ritm takes no boxes, which largest_box, whole_box would give it"
    ]


def test_every_repeated_block_has_one_fault():
    """Whatever the number of its modes."""
    expected = "expected keys that no other block has: prompts[0] gives sam, one-shot, whole_box, score too"
    assert faults("prompts:\n" + "  - {modes: [whole_box, largest_box]}\n" * 3) == [
        f"prompts[1]: {expected}",
        f"prompts[2]: {expected}",
    ]


def test_clicks_with_feedback_are_refused_for_a_model_without_a_mask_input(monkeypatch):
    """The published protocol feeds nothing back."""
    without = Capabilities(points=True, boxes=True, multimask=True, mask_input="none")
    monkeypatch.setattr(blocks, "capabilities", lambda model: without)
    text = "prompts:\n  - {models: [sam], clicks: {protocol: ritm}}\n  - {clicks: {protocol: mazurowski2023}}\n"
    assert faults(text) == ["prompts[0].clicks: sam takes no mask input, which the protocol ritm feeds back"]
