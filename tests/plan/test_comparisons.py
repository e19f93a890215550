"""A comparison, a contrast and a step of tests are refused before any work where nothing planned answers them."""

import pytest

from job.errors import SpecError
from job.plan.blocks import prompt_blocks
from job.study import loads
from tests.plan.small_spec import small_spec

SPEC = small_spec("""\
  - {name: two, family: sam, arch: vit_b, checkpoint: sam.pth}
  - {name: ritm, family: ritm, arch: hrnet18s, checkpoint: ritm.pth}
  - {name: idle, family: lite_medsam}
seeds: [3, 4]
statistics: {STATISTICS}
prompts:
""")
BOX = "{models: [sam], modes: [whole_box, each_point], mask_choice: [first, oracle]}"
NINE = "{models: [sam, two, ritm], clicks: {protocol: mazurowski2023}, mask_choice: [first, oracle]}"
OTHERS = "{models: [sam], clicks: {protocol: ritm, max: 5}}", "{models: [ritm], clicks: {protocol: ritm}}"


def fault(statistics, *blocks):
    """Return the faults of a spec from its second line's field on; an empty text if it has none."""
    text = SPEC.replace("STATISTICS", statistics) + "".join(f"  - {block}\n" for block in blocks)
    try:
        prompt_blocks(loads(text, "s.yaml"))
    except SpecError as error:
        return "\n".join(str(fault).partition(" ")[2] for fault in error.faults)
    return ""


def contrast(of, minus, *blocks):
    return fault(f"contrasts: [{{name: c, of: {{{of}}}, minus: {{{minus}}}}}]", *blocks).removeprefix(
        "statistics.contrasts[0]"
    )


COMPARE = "compare: {model: sam, baseline: ritm}"


def test_models_that_are_compared_get_as_many_clicks():
    """The last click of one is not the last of the other."""
    assert fault(COMPARE, *OTHERS) == (
        "statistics.compare: expected as many clicks on both sides: prompts[0] has 5 clicks, prompts[1] 20; "
        "state one `max` in both blocks"
    )


def test_only_compared_models_and_one_protocol_need_as_many():
    """Here a third model has other clicks, and another protocol has."""
    third = "{models: [two], clicks: {protocol: ritm}}"
    assert not fault(COMPARE, NINE, third)
    assert not fault(COMPARE, NINE, OTHERS[0])


@pytest.mark.parametrize("baseline", ["", ", target_iou: 0.96"])
def test_models_that_are_compared_stop_at_one_target(baseline):
    """An object that stopped keeps its last mask, which the other's later clicks would overtake."""
    sam = "{models: [sam], clicks: {protocol: ritm, target_iou: 0.95}}"
    ritm = f"{{models: [ritm], clicks: {{protocol: ritm{baseline}}}}}"
    assert fault(COMPARE, sam, ritm) == (
        "statistics.compare: expected one `target_iou` on both sides: prompts[0] has 0.95, prompts[1] "
        f"{baseline[-4:] or 'none'}; state it in both blocks or in neither"
    )


SIDES = "model: sam, mask_choice: score", "model: ritm, mask_choice: single"


@pytest.mark.parametrize("step", ["", ", step: last"])
def test_the_sides_of_a_contrast_have_as_many_clicks(step):
    """If they name no step, or the last."""
    assert contrast(*(side + step for side in SIDES), *OTHERS) == (
        ": expected as many clicks on both sides: prompts[0] has 5 clicks, prompts[1] 20; "
        "state one `max` in both blocks, or a number as `step` on both sides"
    )


@pytest.mark.parametrize(
    ("of", "minus"), [("first", "last"), ("last", "first"), ("5", "20"), ("5", "5"), ("5", "last")]
)
def test_a_contrast_of_stated_steps_needs_no_equal_number_of_clicks(of, minus):
    """It says itself which click is laid beside which."""
    assert not contrast(f"{SIDES[0]}, step: {of}", f"{SIDES[1]}, step: {minus}", *OTHERS)


def test_a_contrast_has_one_target():
    """Whatever its steps."""
    stopped = OTHERS[0].replace("max: 5", "target_iou: 1")
    found = "prompts[0] has 1, prompts[1] none"
    assert contrast(f"{SIDES[0]}, step: 5", f"{SIDES[1]}, step: 6", stopped, OTHERS[1]).startswith(
        f": expected one `target_iou` on both sides: {found}"
    )


def test_a_mode_is_no_click():
    """A box stands beside clicks of any number and target."""
    clicks = "{models: [sam], clicks: {protocol: ritm, target_iou: 1}, mask_choice: [first]}"
    assert not contrast("prompt: whole_box", "prompt: clicks, protocol: ritm", BOX, clicks)


@pytest.mark.parametrize(
    ("of", "minus"),
    [
        ("model: sam", "model: two"),  # in clicks, by each mask choice
        ("model: sam", "model: ritm"),  # whose only mask stands beside each choice
        ("model: ritm", "model: sam"),
        ("mask_choice: first", "mask_choice: oracle"),  # of each model and prompt
        ("model: sam, prompt: whole_box", "model: ritm, prompt: clicks, step: 5"),
        ("prompt: whole_box", "prompt: clicks"),  # of sam
        ("step: first", "step: last"),
        ("seed: 3", "seed: 4"),
    ],
)
def test_what_neither_side_states_is_equal_on_both(of, minus):
    """A row for each value; these have pairs."""
    assert not contrast(of, minus, BOX, NINE)


NO_PAIR = (
    ": expected two sides with rows that differ in what they state and are equal in all that neither states: "
    "there are none"
)


@pytest.mark.parametrize(
    ("of", "minus", "blocks"),
    [
        ("model: sam", "model: ritm", (BOX, OTHERS[1])),  # no prompt in common
        ("model: sam", "model: ritm", (OTHERS[0].replace("ritm,", "mazurowski2023,"), OTHERS[1])),  # nor protocol
        ("prompt: whole_box", "prompt: clicks", (BOX, OTHERS[1])),  # nor model
        ("model: sam", "model: two", (OTHERS[0], NINE.replace("sam, ", "").replace("mazurowski2023", "ritm, max: 5"))),
        ("step: 1", "step: first", (NINE,)),  # one step by two names
        ("step: 9", "step: last", (NINE,)),
    ],
)
def test_a_contrast_has_a_pair_of_planned_rows(of, minus, blocks):
    """Else it would have no row."""
    assert contrast(of, minus, *blocks) == NO_PAIR


@pytest.mark.parametrize(
    ("key", "value", "hint"),
    [
        ("model", "idle", ""),
        ("prompt", "each_box", "; did you mean 'each_point'?"),
        ("protocol", "ritm", "; one of: mazurowski2023"),
        ("mask_choice", "score", "; one of: first, oracle, single"),
    ],
)
def test_a_side_states_what_is_planned(key, value, hint):
    """The fault has the place of the key, and the values that are planned."""
    planned = {"model": "sam", "prompt": "clicks", "protocol": "mazurowski2023", "mask_choice": "first"}[key]
    expected = f".{key}: no block of `prompts` gives such rows (got {value}){hint}"
    assert contrast(f"{key}: {value}", f"{key}: {planned}", BOX, NINE) == f".of{expected}"
    assert contrast(f"{key}: {planned}", f"{key}: {value}", BOX, NINE) == f".minus{expected}"


def test_a_mask_choice_is_one_of_its_model():
    """RITM has one mask. A key is at fault together with those above it."""
    assert contrast(f"{SIDES[0]}", "model: ritm, mask_choice: first", *OTHERS) == (
        ".minus.mask_choice: no block of `prompts` gives such rows (got first); one of: single"
    )


def test_a_name_from_a_variable_is_not_shown(monkeypatch):
    """It may be a secret."""
    monkeypatch.setenv("STUDY_NAME", "idle")
    assert "(got ${STUDY_NAME})" in contrast("model: '${STUDY_NAME}'", "model: sam", BOX)


def test_a_side_states_seeds_of_the_study():
    """The hint lists them."""
    assert contrast("seed: 3", "seed: 5", NINE) == ".minus.seed: expected a seed of this study (got 5); one of: 3, 4"


def test_a_step_is_within_the_clicks_of_every_block_that_the_side_selects():
    """The shortest counts."""
    blocks = NINE, OTHERS[0].replace("max: 5", "max: 12")
    assert contrast("step: 10", "step: 9", *blocks) == (
        ".of.step: expected at most 9, the clicks of prompts[0] (got 10)"
    )
    assert not contrast("protocol: ritm, step: 12", "protocol: ritm, step: 1", *blocks)


def test_a_step_needs_clicks():
    """The modes of a study have none."""
    expected = "expected only with clicks, which no block gives this side"
    assert contrast("step: last", "step: first", BOX) == (
        f".of.step: {expected} (got last)\nstatistics.contrasts[0].minus.step: {expected} (got first)"
    )


def test_tests_are_made_at_steps_that_some_object_reaches():
    """`first` and `last` always exist."""
    assert fault("test_at: [20, 21]", NINE, *OTHERS) == (
        "statistics.test_at[1]: expected at most 20, the most clicks of a block (got 21)"
    )
    assert fault("test_at: [first, 1]", BOX) == "statistics.test_at[1]: no block has clicks (got 1)"


def test_step_0_is_of_a_protocol_that_begins_with_a_box():
    """It is the box, which other protocols lack."""
    box = "{models: [sam, two], clicks: {protocol: cvpr2025}}"
    reason = "step 0 is the box that a protocol begins with, and none here does (got 0)"
    assert fault("test_at: [0, last]", NINE) == f"statistics.test_at[0]: expected 1 to 9: {reason}"
    assert contrast("protocol: mazurowski2023, step: 5", "protocol: mazurowski2023, step: 0", NINE, box) == (
        f".minus.step: expected 1 or more: {reason}"
    )
    assert not fault("test_at: [0, last]", NINE, box)
    assert not contrast("protocol: cvpr2025, step: 5", "protocol: cvpr2025, step: 0", NINE, box)


def test_a_mode_is_compared_with_its_jitter():
    """They are two prompts; a jitter that no block gives is a fault."""
    moved = "{models: [sam], modes: [whole_box], mask_choice: [first], jitter: 5 px}"
    assert contrast("prompt: whole_box jitter 5px", "prompt: whole_box", BOX, moved) == ""
    assert contrast("prompt: whole_box jitter 9 px", "prompt: whole_box", BOX, moved) == (
        ".of.prompt: no block of `prompts` gives such rows (got whole_box jitter 9 px); "
        "did you mean 'whole_box jitter 5 px'?"
    )


def test_two_models_are_compared_within_one_jitter():
    """Moved clicks have no counterpart among those that are not."""
    moved = "{models: [ritm], clicks: {protocol: mazurowski2023}, jitter: 5 px}"
    assert fault(COMPARE, NINE.replace(", ritm]", "]"), moved).startswith("statistics.compare: ")
    assert not fault(COMPARE, moved.replace("[ritm]", "[ritm, sam]"))
