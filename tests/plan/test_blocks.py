"""Prompt blocks are resolved for each model; what a model does not support is refused before any work."""

import pytest

from job.errors import SpecError
from job.plan.blocks import prompt_blocks
from job.study import loads
from tests.plan.small_spec import small_spec

SPEC = small_spec("""\
  - {name: lite, family: lite_medsam}
prompts:
""")


def resolved(*blocks):
    spec = loads(SPEC + "".join(f"  - {block}\n" for block in blocks), "s.yaml")
    return {(block.model, block.index): block.block for block in prompt_blocks(spec)}


def refusal(*blocks):
    with pytest.raises(SpecError) as error:
        resolved(*blocks)
    return str(error.value)


def test_a_block_is_for_all_models_unless_it_names_some():
    """Blocks are numbered as in the spec."""
    blocks = resolved("{modes: [whole_box]}", "{models: [sam], modes: [largest_point]}")
    assert set(blocks) == {("sam", 0), ("lite", 0), ("sam", 1)}


def test_a_model_with_one_mask_runs_once_as_single():
    """The mask choices of the spec do not apply to it."""
    blocks = resolved("{modes: [whole_box], mask_choice: [first, oracle]}")
    assert blocks["sam", 0].mask_choices == ("first", "oracle")
    assert blocks["lite", 0].mask_choices == ("single",)


@pytest.mark.parametrize(
    ("protocol", "steps"), [("mazurowski2023", 9), ("mazurowski2023-corrected", 9), ("ritm", 20), ("cvpr2025", 5)]
)
def test_each_protocol_has_its_number_of_clicks(protocol, steps):
    """The spec can state another."""
    unstated = f"{{models: [sam], clicks: {{protocol: {protocol}}}}}"
    stated = f"{{models: [sam], clicks: {{protocol: {protocol}, max: 3}}}}"
    assert resolved(unstated)["sam", 0].steps == steps
    assert resolved(stated)["sam", 0].steps == 3


def test_a_block_of_points_is_refused_for_a_model_without_points():
    """The fault names the block, the modes, and the way to fix it."""
    text = refusal("{modes: [largest_point, each_point, whole_box]}")
    assert text == (
        "s.yaml:8:6: prompts[0].modes: lite takes no points, which largest_point, each_point would give it; "
        "name the models that it is for: models: […]"
    )


def test_a_block_that_names_its_models_needs_no_hint_to_name_them():
    """Only the fault is left."""
    text = refusal("{models: [lite], modes: [largest_point]}")
    assert text == "s.yaml:8:22: prompts[0].modes: lite takes no points, which largest_point would give it"


def test_a_block_of_clicks_is_refused_for_a_model_without_points():
    """So it is in every protocol."""
    assert "prompts[0].clicks: lite takes no points, so it cannot be clicked" in refusal(
        "{models: [lite], clicks: {protocol: ritm}}"
    )


def test_a_protocol_that_begins_with_a_box_is_refused_for_a_model_without_boxes():
    """Clicks alone it takes."""
    spec = SPEC.replace("prompts:", "  - {name: ritm, family: ritm, arch: hrnet18s, checkpoint: r.pth}\nprompts:")
    block = "  - {{models: [ritm], clicks: {{protocol: {}}}}}\n"
    with pytest.raises(SpecError) as error:
        prompt_blocks(loads(spec + block.format("cvpr2025"), "s.yaml"))
    assert str(error.value).endswith(
        "prompts[0].clicks: ritm takes no boxes, and the protocol cvpr2025 begins with one"
    )
    assert prompt_blocks(loads(spec + block.format("ritm"), "s.yaml"))


def test_all_refusals_are_reported_at_once():
    """Each has a line."""
    text = refusal("{modes: [largest_point]}", "{clicks: {protocol: ritm}}")
    assert len(text.splitlines()) == 2


def test_no_two_blocks_give_rows_of_the_same_key():
    """Another mask choice is another key."""
    overlapping = "{models: [sam], modes: [each_box, whole_box]}"
    assert refusal("{modes: [whole_box]}", overlapping) == (
        "s.yaml:9:5: prompts[1]: expected keys that no other block has: "
        "prompts[0] gives sam, one-shot, whole_box, score too"
    )
    assert resolved("{modes: [whole_box]}", "{models: [sam], modes: [whole_box], mask_choice: [first]}")


def compared(model, baseline, *blocks, spec=SPEC):
    """Return the fault of a comparison, or an empty text."""
    compare = f"statistics: {{compare: {{model: {model}, baseline: {baseline}}}}}\n"
    try:
        prompt_blocks(loads(spec + "".join(f"  - {block}\n" for block in blocks) + compare, "s.yaml"))
    except SpecError as error:
        return str(error)
    return ""


def test_models_that_are_compared_have_a_prompt_in_common():
    """Without one, the comparison would have no pair of rows."""
    apart = "{models: [lite], modes: [whole_box]}", "{models: [sam], modes: [each_box]}"
    assert compared("sam", "lite", *apart) == (
        "s.yaml:10:14: statistics.compare: expected two models with a prompt, protocol and mask choice "
        "in common: sam and lite have none"
    )


def test_a_model_with_one_mask_is_a_baseline_for_every_mask_choice():
    """As the model of the comparison it is refused: the spec does not say against which choice."""
    assert not compared("sam", "lite", "{modes: [whole_box]}")
    assert compared("lite", "sam", "{modes: [whole_box]}").endswith("lite and sam have none; exchange the two")


def test_a_mask_choice_is_compared_only_with_itself():
    """The best candidate of one model is never laid beside the first of another."""
    two = SPEC.replace("family: lite_medsam", "family: lite_medsam_clicks")
    blocks = [
        f"{{models: [{name}], modes: [whole_box], mask_choice: [{choice}]}}"
        for name, choice in (("sam", "first"), ("lite", "oracle"))
    ]
    assert "in common: sam and lite have none" in compared("sam", "lite", *blocks, spec=two)
    assert not compared("sam", "lite", "{modes: [whole_box], mask_choice: [first, oracle]}", spec=two)
