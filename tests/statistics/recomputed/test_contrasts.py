"""Which rows a contrast of the spec pairs, on hand-made tables: no more and no less."""

import json
from functools import partial

import numpy as np
import pandas as pd
import pytest

from tests.statistics.recomputed.studies import marts_of
from tests.statistics.tables import click_rows, iou_row, object_row

IMAGES = "abcdef"
MODES = ("largest_box", "whole_box")
EVERY_CLICK = [*(("mazurowski2023", step) for step in (1, 2, 3)), *(("ritm", step) for step in (1, 2, 3, 4, 5))]
RUNS = (
    # model, prompt, protocol, mask choice, clicks, seed
    ("sam", "whole_box", "one-shot", "first", 1, 0),
    ("sam", "whole_box", "one-shot", "oracle", 1, 0),
    ("sam", "largest_point", "one-shot", "first", 1, 0),
    ("sam", "clicks", "ritm", "first", 5, 0),
    ("sam", "clicks", "ritm", "first", 5, 1),
    ("sam", "clicks", "mazurowski2023", "first", 3, 0),
    ("ritm", "largest_point", "one-shot", "single", 1, 0),
    ("ritm", "clicks", "ritm", "single", 5, 0),
    ("ritm", "clicks", "mazurowski2023", "single", 3, 0),
)


CONTRASTS = {
    "one box, five clicks": ({"model": "sam", "prompt": "whole_box"}, {"model": "ritm", "prompt": "clicks", "step": 5}),
    "one box, clicks": (
        {"model": "sam", "prompt": "whole_box", "mask_choice": "first"},
        {"model": "ritm", "prompt": "clicks", "mask_choice": "first"},
    ),
    "choices": ({"mask_choice": "first"}, {"mask_choice": "oracle"}),
    "prompts": ({"model": "sam", "prompt": "whole_box"}, {"model": "sam", "prompt": "largest_point"}),
    "prompts of any model": ({"prompt": "whole_box"}, {"prompt": "largest_point"}),
    "steps": (
        {"prompt": "clicks", "protocol": "ritm", "step": "last"},
        {"prompt": "clicks", "protocol": "ritm", "step": "first"},
    ),
    "models": ({"model": "sam", "prompt": "clicks"}, {"model": "ritm", "prompt": "clicks"}),
    "last of protocols": ({"protocol": "ritm", "step": "last"}, {"protocol": "mazurowski2023", "step": "last"}),
    "protocols": ({"model": "sam", "protocol": "ritm"}, {"model": "sam", "protocol": "mazurowski2023"}),
    "seeds": ({"seed": 1}, {"seed": 0}),
    "models under ritm": ({"model": "sam", "protocol": "ritm"}, {"model": "ritm", "protocol": "ritm"}),
    "models at four": ({"model": "sam", "step": 4}, {"model": "ritm", "step": 4}),
    "models at first": ({"model": "sam", "step": "first"}, {"model": "ritm", "step": "first"}),
}


def differences(contrasts, runs):
    """Return the pairs of IoU differences over tasks, of contrasts by name, on six images."""
    listed = json.dumps([{"name": name, "of": of, "minus": minus} for name, (of, minus) in contrasts.items()])
    spec = f"""
study: s
datasets: [{{name: A, modality: CT, images: x/*.png, masks: y, patient: "{{stem}}", tasks: {{t: 1}}}}]
models: [{{name: sam, family: lite_medsam}}, {{name: ritm, family: lite_medsam}}]
prompts: [{{modes: [whole_box]}}]
statistics: {{contrasts: {listed}}}
"""
    rng = np.random.default_rng(0)
    scores = pd.DataFrame([row for run in runs for image in IMAGES for row in rows_of(run, image, rng)])
    objects = pd.DataFrame([object_row(iou_row(image=image)) for image in IMAGES])
    return marts_of(spec, scores, objects)["comparison_overall"]


def rows_of(run, image, rng):
    """Return the scores of a run on an image, no two of them equal."""
    model, prompt, protocol, choice, clicks, seed = run
    key = {"model": model, "prompt": prompt, "protocol": protocol, "choice": choice, "seed": seed}
    return click_rows(rng.uniform(size=clicks).tolist(), image=image, **key)


def pairs_in(mart, contrast):
    """Return what a contrast pairs: two tuples of (model, prompt, protocol, mask choice, step, seed)."""
    own = mart[mart["contrast"] == contrast]
    ours = ["model", "prompt", "protocol", "mask_choice", "step", "seed"]
    theirs = ["baseline", "baseline_prompt", "baseline_protocol", "baseline_choice", "baseline_step", "baseline_seed"]
    sides = (own[names].itertuples(index=False, name=None) for names in (ours, theirs))
    return sorted(zip(*sides, strict=True))


@pytest.fixture(scope="module")
def mart():
    """The comparisons over tasks of all contrasts."""
    return differences(CONTRASTS, RUNS)


@pytest.fixture
def pairs(mart):
    """A function from the name of a contrast to its pairs."""
    return partial(pairs_in, mart)


def box(choice):
    return ("sam", "whole_box", "one-shot", choice, 1, 0)


def clicks(model, protocol, step, seed=0):
    return (model, "clicks", protocol, "single" if model == "ritm" else "first", step, seed)


def test_one_box_against_five_clicks(pairs):
    """The step is the clicks' alone, each mask choice beside the only mask."""
    expected = [(box(choice), clicks("ritm", "ritm", 5)) for choice in ("first", "oracle")]
    assert pairs("one box, five clicks") == expected


def test_one_box_against_clicks_of_any_number(pairs):
    """One row for each click and protocol."""
    assert pairs("one box, clicks") == [(box("first"), clicks("ritm", *place)) for place in EVERY_CLICK]


def test_first_against_oracle(pairs):
    """Of every model and prompt that has both; a model with one mask is no pair with itself."""
    assert pairs("choices") == [(box("first"), box("oracle"))]


def test_a_model_against_itself_with_another_prompt(pairs):
    """The mask choice is the same on both sides."""
    assert pairs("prompts") == [(box("first"), ("sam", "largest_point", "one-shot", "first", 1, 0))]


def test_a_prompt_that_a_model_lacks_has_no_pair(pairs):
    """Of all models, only the first has a box."""
    assert pairs("prompts of any model") == pairs("prompts")


def test_a_model_left_out_is_each_model(pairs):
    """The last click of each minus its first, by seed."""
    every = [("ritm", 0), ("sam", 0), ("sam", 1)]
    expected = [(clicks(name, "ritm", 5, seed), clicks(name, "ritm", 1, seed)) for name, seed in every]
    assert pairs("steps") == expected


def test_a_protocol_left_out_is_the_same_on_both_sides(pairs):
    """One row per protocol and click."""
    assert pairs("models") == [(clicks("sam", *place), clicks("ritm", *place)) for place in EVERY_CLICK]


def test_the_last_click_of_protocols_with_different_limits(pairs):
    """The fifth beside the third."""
    expected = [(clicks(name, "ritm", 5), clicks(name, "mazurowski2023", 3)) for name in ("ritm", "sam")]
    assert pairs("last of protocols") == expected


def test_two_protocols_click_by_click(pairs):
    """As far as both go."""
    expected = [(clicks("sam", "ritm", step), clicks("sam", "mazurowski2023", step)) for step in (1, 2, 3)]
    assert pairs("protocols") == expected


def test_seeds(pairs):
    """Where both seeds have the run."""
    expected = [(clicks("sam", "ritm", step, 1), clicks("sam", "ritm", step, 0)) for step in range(1, 6)]
    assert pairs("seeds") == expected


def test_a_protocol_selects_no_pair_of_modes(pairs):
    """Both models have the mode `largest_point`, which has no protocol of clicks."""
    expected = [(clicks("sam", "ritm", step), clicks("ritm", "ritm", step)) for step in range(1, 6)]
    assert pairs("models under ritm") == expected


def test_a_later_click_selects_no_pair_of_modes(pairs):
    """Nor the protocol that ends before it."""
    assert pairs("models at four") == [(clicks("sam", "ritm", 4), clicks("ritm", "ritm", 4))]


def test_a_mode_is_its_own_first_step(pairs):
    """`first` of both models: of the mode, and of both protocols."""
    point = [
        (name, "largest_point", "one-shot", choice, 1, 0) for name, choice in (("sam", "first"), ("ritm", "single"))
    ]
    protocols = ("mazurowski2023", "ritm")
    expected = [(clicks("sam", protocol, 1), clicks("ritm", protocol, 1)) for protocol in protocols]
    assert pairs("models at first") == [*expected, tuple(point)]


def test_a_contrast_is_tested_at_the_click_that_it_names(mart):
    """Else at modes, and at the first and the last click of both sides."""
    tested = (
        mart[mart["p"].notna()]
        .groupby("contrast")[["step", "baseline_step"]]
        .apply(lambda steps: sorted(set(steps.itertuples(index=False, name=None))))
    )
    assert tested["models at four"] == [(4, 4)]
    assert tested["last of protocols"] == [(5, 3)]
    assert tested["models"] == [(1, 1), (3, 3), (5, 5)]
    assert tested["one box, clicks"] == [(1, 1), (1, 3), (1, 5)]
    assert tested["protocols"] == [(1, 1)]  # the last of one is not the last of the other


@pytest.mark.parametrize("names", [("sam", "ritm"), ("ritm", "sam")])
def test_the_only_mask_goes_with_each_choice_of_the_other_side(names):
    """Whichever side it is on. Of a model with other choices, `single` goes with those that it lacks."""
    runs = [("sam", prompt, "one-shot", choice, 1, 0) for prompt in MODES for choice in ("first", "oracle")]
    runs += [("ritm", "whole_box", "one-shot", "single", 1, 0)]
    runs += [("ritm", "largest_box", "one-shot", choice, 1, 0) for choice in ("oracle", "single")]
    found = pairs_in(differences({"c": ({"model": names[0]}, {"model": names[1]})}, runs), "c")
    choices = {(ours[1], *(side[3] for side in sorted([ours, theirs], reverse=True))) for ours, theirs in found}
    assert choices == {
        ("largest_box", "oracle", "oracle"),
        ("largest_box", "first", "single"),
        ("whole_box", "oracle", "single"),
        ("whole_box", "first", "single"),
    }
