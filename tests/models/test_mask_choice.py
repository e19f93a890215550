"""Which candidate is chosen; computed by hand from three candidates against a truth of four pixels."""

import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch

from job.errors import DataError
from job.models.mask_choice import Candidates, Chosen
from job.models.protocol import Prediction
from job.models.truths import Truths
from tests.evaluate.scripted import mask

TRUTH = mask("##..", "##..", "....")
HALF = mask("##..", "....", "....")
"""IoU 2 / 4."""
LEFT = mask("#...", "#...", "....")
"""IoU 2 / 4."""
MORE = mask("###.", "###.", "....")
"""IoU 4 / 6."""
BESIDE = mask("....", "....", "####")
"""IoU 0 / 8."""
NOTHING = np.zeros_like(TRUTH)
"""IoU 0 / 4."""


def prediction(*masks, scores=None):
    return Prediction(
        masks_CHW=torch.from_numpy(np.stack(masks)),
        predicted_iou_C=None if scores is None else torch.tensor(scores, dtype=torch.float64),
        mask_inputs_C=[f"logits {index}" for index in range(len(masks))],
    )


def take(choice, *predictions, truth=TRUTH):
    """Choose among the candidates of one object."""
    (taken,) = Chosen([Candidates(predictions=predictions, truth=0, choices=(choice,))], Truths([truth])).taken()
    return taken[choice]


@pytest.mark.parametrize(
    ("masks", "index"),
    [
        ((HALF, MORE, BESIDE), 1),
        ((HALF, LEFT, BESIDE), 0),
        ((BESIDE, HALF, LEFT), 1),
        ((NOTHING, BESIDE, HALF), 2),
        ((TRUTH, TRUTH, TRUTH), 0),
    ],
)
def test_oracle_takes_the_highest_iou_and_the_lowest_index_of_equals(masks, index):
    """The IoUs are 0, 1/2, 2/3 and 1."""
    assert take("oracle", prediction(*masks)).index == index


@pytest.mark.parametrize("masks", [(NOTHING, NOTHING, NOTHING), (BESIDE, NOTHING, BESIDE), (BESIDE, BESIDE, NOTHING)])
def test_oracle_takes_the_last_if_no_candidate_overlaps_the_truth(masks):
    """As the published code does."""
    taken = take("oracle", prediction(*masks))
    assert (taken.index, taken.intersection_px) == (2, 0)


@pytest.mark.parametrize(
    ("scores", "index"),
    [((0.1, 0.3, 0.2), 1), ((0.1, 0.3, 0.3), 1), ((0.5, 0.5, 0.5), 0), ((-2.0, -1.0, -1.0), 1), ((0.9, 0.1, 0.1), 0)],
)
def test_score_takes_the_highest_predicted_iou_and_the_lowest_index_of_equals(scores, index):
    """The truth does not matter; predicted IoUs are not limited to 0 to 1."""
    taken = take("score", prediction(BESIDE, HALF, TRUTH, scores=scores))
    assert (taken.index, taken.predicted_iou) == (index, scores[index])


@pytest.mark.parametrize(
    ("choice", "index", "intersection", "union"), [("first", 0, 2, 4), ("score", 2, 0, 8), ("oracle", 1, 4, 6)]
)
def test_the_chosen_candidate_comes_with_its_own_values(choice, index, intersection, union):
    """Mask, counts, predicted IoU and mask input all belong to one candidate."""
    masks, scores = (HALF, MORE, BESIDE), (0.2, 0.1, 0.3)
    taken = take(choice, prediction(*masks, scores=scores))
    assert np.array_equal(taken.mask(), masks[index])
    assert (taken.intersection_px, taken.union_px) == (intersection, union)
    assert taken.predicted_iou == scores[index]
    assert taken.mask_input == f"logits {index}"
    assert taken.index == index


def test_the_single_mask_has_no_index():
    """There is nothing to choose from."""
    taken = take("single", prediction(MORE, scores=(0.4,)))
    assert (taken.index, taken.predicted_iou, taken.union_px, taken.mask_input) == (None, 0.4, 6, "logits 0")


def test_score_needs_a_model_that_predicts_its_iou():
    """Every other choice works without."""
    without = prediction(HALF, MORE, BESIDE)
    assert take("oracle", without).predicted_iou is None
    with pytest.raises(ValueError, match="`score` needs a model that predicts its IoU"):
        take("score", without)


UPPER, LOWER = mask("##..", "....", "...."), mask("....", "##..", "....")


def test_joined_candidates_of_equal_index_are_chosen_together():
    """Candidate 1 of both boxes gives the truth; its predicted IoU is the mean, and no mask input is fed back."""
    boxes = [
        prediction(BESIDE, UPPER, NOTHING, scores=(0.9, 0.2, 0.1)),
        prediction(NOTHING, LOWER, BESIDE, scores=(0.1, 0.6, 0.8)),
    ]
    taken = take("oracle", *boxes)
    assert np.array_equal(taken.mask(), TRUTH)
    assert (taken.index, taken.predicted_iou, taken.mask_input) == (1, pytest.approx(0.4), None)
    first = take("first", *boxes)
    assert np.array_equal(first.mask(), BESIDE)
    assert (first.index, first.predicted_iou) == (0, pytest.approx(0.5))


def test_with_score_every_box_chooses_for_itself():
    """Candidate 1 of one box is joined with candidate 2 of the other: 0.7 and 0.9 have the mean 0.8."""
    boxes = [
        prediction(BESIDE, UPPER, NOTHING, scores=(0.1, 0.7, 0.2)),
        prediction(BESIDE, BESIDE, LOWER, scores=(0.3, 0.2, 0.9)),
    ]
    taken = take("score", *boxes)
    assert np.array_equal(taken.mask(), TRUTH)
    assert (taken.intersection_px, taken.union_px) == (4, 4)
    assert (taken.index, taken.predicted_iou) == (None, pytest.approx(0.8))


def test_three_boxes_are_joined():
    """The union of three masks, without predicted IoU."""
    taken = take("first", prediction(UPPER), prediction(LOWER), prediction(BESIDE))
    assert (taken.intersection_px, taken.union_px, taken.predicted_iou) == (4, 8, None)


def test_objects_of_all_forms_are_chosen_together():
    """Sizes, numbers of candidates and of boxes, and choices, mixed at random, against plain NumPy, one by one."""
    rng = np.random.default_rng(0)
    cases = []
    for _ in range(60):
        shape = (int(rng.integers(1, 30)), int(rng.integers(1, 30)))
        count = int(rng.choice([1, 3]))
        truth = rng.random(shape) < 0.7
        truth[0, 0] = True
        masks = [rng.random((count, *shape)) < rng.random() for _ in range(rng.integers(1, 4))]
        scores = [rng.random(count) for _ in masks]
        cases.append((truth, masks, scores, ("first", "score", "oracle") if count == 3 else ("single",)))
    candidates = [
        Candidates(
            predictions=[prediction(*group, scores=list(values)) for group, values in zip(masks, scores, strict=True)],
            truth=index,
            choices=choices,
        )
        for index, (_, masks, scores, choices) in enumerate(cases)
    ]
    chosen = Chosen(candidates, Truths([truth for truth, *_ in cases])).taken()
    for (truth, masks, scores, choices), taken in zip(cases, chosen, strict=True):
        assert tuple(taken) == choices
        for choice in choices:
            expected, predicted_iou = plain(choice, masks, scores, truth)
            assert np.array_equal(taken[choice].mask(), expected)
            assert taken[choice].intersection_px == (expected & truth).sum()
            assert taken[choice].union_px == (expected | truth).sum()
            assert taken[choice].predicted_iou == pytest.approx(predicted_iou)


def plain(choice, masks, scores, truth):
    """Return the mask of a choice and its predicted IoU, object by object."""
    if choice == "score":
        best = [int(np.argmax(values)) for values in scores]
        pairs = list(zip(best, masks, scores, strict=True))
        return np.any([group[i] for i, group, _ in pairs], axis=0), np.mean([values[i] for i, _, values in pairs])
    joined = np.any(masks, axis=0)
    ious = [(mask_HW & truth).sum() / (mask_HW | truth).sum() for mask_HW in joined]
    index = (int(np.argmax(ious)) if any(ious) else len(ious) - 1) if choice == "oracle" else 0
    return joined[index], np.mean(scores, axis=0)[index]


def test_an_output_that_is_not_finite_is_an_error():
    """NaN compares as below every threshold: the mask would be empty."""
    broken = replace(prediction(HALF), finite=torch.tensor(False))
    sound = replace(prediction(MORE), finite=torch.tensor(True))
    assert take("single", sound).intersection_px == 4
    with pytest.raises(DataError, match="NaN or infinity"):
        take("single", broken)


def test_the_masks_of_the_candidates_are_not_kept_while_the_choice_is_under_way():
    """They would take a GPU's memory while another call predicts."""
    given = prediction(HALF, MORE, BESIDE, scores=(0.1, 0.2, 0.3))
    masks = weakref.ref(given.masks_CHW)
    chosen = Chosen([Candidates(predictions=(given,), truth=0, choices=("first",))], Truths([TRUTH]))
    del given
    gc.collect()
    assert masks() is None
    assert np.array_equal(chosen.taken()[0]["first"].mask(), HALF)
