"""What a block asks of a model, and what is refused before any work."""

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
    found = resolved("{modes: [whole_box]}", "{models: [sam], modes: [largest_point]}")
    assert set(found) == {("sam", 0), ("lite", 0), ("sam", 1)}


def test_a_model_with_one_mask_runs_once_as_single():
    """Whatever choices are asked."""
    found = resolved("{modes: [whole_box], mask_choice: [first, oracle]}")
    assert found["sam", 0].mask_choices == ("first", "oracle")
    assert found["lite", 0].mask_choices == ("single",)


@pytest.mark.parametrize(("protocol", "steps"), [("mazurowski2023", 9), ("mazurowski2023-corrected", 9), ("ritm", 20)])
def test_each_protocol_has_its_number_of_clicks(protocol, steps):
    """Unless the spec says another."""
    unstated = f"{{models: [sam], clicks: {{protocol: {protocol}}}}}"
    stated = f"{{models: [sam], clicks: {{protocol: {protocol}, max: 3}}}}"
    assert resolved(unstated)["sam", 0].steps == steps
    assert resolved(stated)["sam", 0].steps == 3


def test_a_model_of_boxes_is_not_given_points():
    """Named with the place of the block, and how to mend it."""
    text = refusal("{modes: [largest_point, each_point, whole_box]}")
    assert text == (
        "s.yaml:8:6: prompts[0].modes: lite takes no points, which largest_point, each_point would give it; "
        "name the models that it is for: models: […]"
    )


def test_a_model_of_boxes_cannot_be_clicked():
    """In any protocol."""
    assert "prompts[0].clicks: lite takes no points, so it cannot be clicked" in refusal(
        "{models: [lite], clicks: {protocol: ritm}}"
    )


def test_all_refusals_come_at_once():
    """As all faults of a spec do."""
    text = refusal("{modes: [largest_point]}", "{clicks: {protocol: ritm}}")
    assert len(text.splitlines()) == 2


def test_no_two_blocks_ask_a_model_the_same():
    """Their rows could not be told apart; said before the work, not after it."""
    overlapping = "{models: [sam], modes: [each_box, whole_box]}"
    assert "s.yaml:9:5: prompts[1]: prompts[0] asks sam, one-shot, whole_box, score already" in refusal(
        "{modes: [whole_box]}", overlapping
    )
    assert resolved("{modes: [whole_box]}", "{models: [sam], modes: [whole_box], mask_choice: [first]}")


def compared(model, baseline, *blocks, spec=SPEC):
    """Give what is said against a comparison; nothing if it is fine."""
    compare = f"statistics: {{compare: {{model: {model}, baseline: {baseline}}}}}\n"
    try:
        prompt_blocks(loads(spec + "".join(f"  - {block}\n" for block in blocks) + compare, "s.yaml"))
    except SpecError as error:
        return str(error)
    return ""


def test_models_that_are_compared_are_asked_something_in_common():
    """Else the comparison would be empty."""
    apart = "{models: [lite], modes: [whole_box]}", "{models: [sam], modes: [each_box]}"
    assert compared("sam", "lite", *apart) == (
        "s.yaml:10:14: statistics.compare: expected two models that are asked the same: "
        "no prompt, protocol and mask choice is common to sam and lite"
    )


def test_one_mask_is_the_baseline_of_every_choice():
    """And not the other way round: nobody said with which choice it should be compared."""
    assert not compared("sam", "lite", "{modes: [whole_box]}")
    assert compared("lite", "sam", "{modes: [whole_box]}").endswith("is common to lite and sam; exchange the two")


def test_a_choice_is_compared_with_no_other_choice():
    """The best candidate of one model is no match for the first of another."""
    two = SPEC.replace("family: lite_medsam", "family: lite_medsam_clicks")
    blocks = [
        f"{{models: [{name}], modes: [whole_box], mask_choice: [{choice}]}}"
        for name, choice in (("sam", "first"), ("lite", "oracle"))
    ]
    assert "is common to sam and lite" in compared("sam", "lite", *blocks, spec=two)
    assert not compared("sam", "lite", "{modes: [whole_box], mask_choice: [first, oracle]}", spec=two)
