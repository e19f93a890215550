"""The faults of `statistics` that its own keys and the names of the models show."""

import pytest

from job.study import loads
from tests.study.small import SMALL, faults, only_fault

SMALL_RITM = SMALL.replace("prompts:", "  - {name: ritm, family: ritm, arch: hrnet18s, checkpoint: r.pth}\nprompts:")


def contrast(of, minus):
    return SMALL_RITM + f"statistics:\n  contrasts:\n    - {{name: c, of: {{{of}}}, minus: {{{minus}}}}}\n"


def test_a_model_is_not_compared_with_itself():
    """Every difference would be 0."""
    fault = only_fault(SMALL + "statistics: {compare: {model: lite, baseline: lite}}\n")
    assert fault == "s.yaml:13:14: statistics.compare: expected two different models"


def test_a_contrast_names_existing_models():
    """Each side's fault suggests the nearest name."""
    assert [fault.partition(": ")[2] for fault in faults(contrast("model: lit", "model: rtm"))] == [
        "statistics.contrasts[0].of.model: no model of this name (got lit); did you mean 'lite'?",
        "statistics.contrasts[0].minus.model: no model of this name (got rtm); did you mean 'ritm'?",
    ]


def test_the_name_of_a_contrast_is_unique():
    """The rows of its mart carry it."""
    text = contrast("model: lite", "model: ritm") + "    - {name: c, of: {model: ritm}, minus: {model: lite}}\n"
    assert "contrasts[1].name: this name is taken by statistics.contrasts[0] (got c)" in only_fault(text)


@pytest.mark.parametrize("side", ["", "model: lite", "model: lite, prompt: clicks, step: 5"])
def test_the_sides_of_a_contrast_differ(side):
    """Equal ones select the same rows."""
    assert only_fault(contrast(side, side)) == "s.yaml:16:7: statistics.contrasts[0]: expected two different sides"


@pytest.mark.parametrize(("key", "value"), [("step", "5"), ("step", "first"), ("protocol", "ritm")])
def test_a_mode_has_neither_step_nor_protocol(key, value):
    """The fault has the place of the key."""
    fault = only_fault(contrast(f"prompt: each_box, {key}: {value}", "prompt: clicks"))
    expected = f"expected only with clicks; each_box has no {key} (got {value})"
    assert fault == f"s.yaml:16:40: statistics.contrasts[0].of.{key}: {expected}"


@pytest.mark.parametrize(
    ("of", "minus", "key"),
    [
        ("model: lite, prompt: clicks", "prompt: clicks", "model"),
        ("model: lite", "model: ritm, prompt: clicks", "prompt"),
        ("model: lite, protocol: ritm", "model: ritm", "protocol"),
        ("model: lite, mask_choice: first", "model: ritm", "mask_choice"),
        ("model: lite", "model: ritm, step: 2", "step"),
        ("model: lite, prompt: whole_box, seed: 1", "model: ritm, prompt: clicks", "seed"),
    ],
)
def test_a_key_of_a_contrast_stands_on_both_sides_or_on_neither(of, minus, key):
    """On one alone it could mean the same on the other, or any value."""
    fault = only_fault(contrast(of, minus))
    assert fault == f"s.yaml:16:7: statistics.contrasts[0]: expected `{key}` on both sides or on neither"


def test_clicks_have_a_protocol_and_a_step_that_a_mode_lacks():
    """One box against five clicks."""
    clicks = "model: ritm, prompt: clicks, protocol: ritm, step: 5"
    for of, minus in (("model: lite, prompt: whole_box", clicks), (clicks, "model: lite, prompt: whole_box")):
        assert loads(contrast(of, minus)).study.statistics.contrasts[0].name == "c"


@pytest.mark.parametrize("text", ["5", "{}", "[5]", "[{of: 5}]", "[{name: [a], of: {model: {}}, minus: null}]"])
def test_contrasts_of_another_form_have_faults_of_their_own(text):
    """The checks across sections assume nothing of their types."""
    assert all("statistics.contrasts" in fault for fault in faults(f"{SMALL}statistics: {{contrasts: {text}}}\n"))
