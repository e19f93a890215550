"""One-shot modes: which candidate is taken, how several boxes are joined, what the row says."""

import numpy as np
import pytest

from job.results import run_lengths
from tests.evaluate.scripted import ScriptedModel, mask, modes, run, sample

TRUTH = mask("##..", "##..", "....", "....")
NONE = mask("....", "....", "....", "....")
HALF = mask("##..", "....", "....", "....")
MORE = mask("###.", "###.", "....", "....")
CANDIDATES = [HALF, TRUTH, MORE]


def one(outcomes):
    (outcome,) = outcomes
    return outcome


@pytest.mark.parametrize(
    ("choice", "index", "intersection", "union"),
    [("first", 0, 2, 4), ("oracle", 1, 4, 4), ("score", 2, 4, 6)],
)
def test_each_choice_takes_its_candidate(choice, index, intersection, union):
    """The first, the best against the truth, the one that the model rates highest."""
    outcome = one(run(ScriptedModel(CANDIDATES), [sample(TRUTH)], modes("whole_box", choices=(choice,))))
    assert (outcome.mask_index, outcome.intersection_px, outcome.union_px) == (index, intersection, union)
    assert outcome.predicted_iou == pytest.approx([0.1, 0.2, 0.3][index])
    assert (run_lengths.decode(outcome.mask, 4, 4) == CANDIDATES[index]).all()


def test_the_single_mask_is_another_call_and_has_no_index():
    """The single-mask token, not one of the three."""
    model = ScriptedModel(CANDIDATES, one=MORE)
    outcomes = run(model, [sample(TRUTH)], modes("whole_box", choices=("first", "single")))
    assert {o.mask_choice: (o.union_px, o.mask_index) for o in outcomes} == {"first": (4, 0), "single": (6, None)}
    assert [request.multimask for request in model.requests] == [True, False]


def test_all_choices_of_a_mode_come_from_one_call():
    """Three choices, one decoder call."""
    model = ScriptedModel(CANDIDATES)
    assert len(run(model, [sample(TRUTH)], modes("whole_box", choices=("first", "score", "oracle")))) == 3
    assert len(model.requests) == 1


def test_the_oracle_takes_the_lowest_index_of_equals_but_the_last_if_all_are_nothing():
    """As the published code does."""
    ask = modes("whole_box", choices=("oracle",))
    assert one(run(ScriptedModel([HALF, HALF, NONE]), [sample(TRUTH)], ask)).mask_index == 0
    assert one(run(ScriptedModel([NONE, NONE, NONE]), [sample(TRUTH)], ask)).mask_index == 2


def test_a_model_without_predicted_iou_leaves_it_null():
    """As RITM."""
    outcome = one(run(ScriptedModel(one=TRUTH, scores=None), [sample(TRUTH)], modes("whole_box", choices=("single",))))
    assert outcome.predicted_iou is None


TWO_PARTS = mask("##....", "##....", "......", ".....#")
LEFT = mask("##....", "......", "......", "......")
RIGHT = mask("......", "......", "......", "....##")


class TwoBoxes(ScriptedModel):
    """Each box has its own candidates and scores: the left one's best is 2, the right one's 0."""

    def answer(self, request):
        left = request.box_4[0] == 0
        self.several = [LEFT, LEFT, TWO_PARTS] if left else [RIGHT, RIGHT, RIGHT]
        self.scores = (0.1, 0.2, 0.9) if left else (0.7, 0.2, 0.1)
        return super().answer(request)


def test_boxes_are_joined_candidate_by_candidate():
    """The first with the first; its predicted IoU is the mean over the boxes."""
    outcome = one(run(TwoBoxes([LEFT] * 3), [sample(TWO_PARTS)], modes("each_box", choices=("first",))))
    assert (run_lengths.decode(outcome.mask, 4, 6) == LEFT | RIGHT).all()
    assert outcome.predicted_iou == pytest.approx((0.1 + 0.7) / 2)
    assert (outcome.mask_index, outcome.point) == (0, None)
    assert outcome.boxes == ((0, 0, 1, 1), (5, 3, 5, 3))


def test_under_score_each_box_takes_its_own_best_before_they_are_joined():
    """No one index names that."""
    outcome = one(run(TwoBoxes([LEFT] * 3), [sample(TWO_PARTS)], modes("each_box", choices=("score",))))
    assert (run_lengths.decode(outcome.mask, 4, 6) == TWO_PARTS | RIGHT).all()
    assert outcome.predicted_iou == pytest.approx((0.9 + 0.7) / 2)
    assert outcome.mask_index is None


def test_each_box_under_score_has_no_index_even_for_one_part():
    """A column means one obj, whatever the object."""
    each, whole = run(ScriptedModel(CANDIDATES), [sample(TRUTH)], modes("each_box", "whole_box"))
    assert (each.mask_index, whole.mask_index) == (None, 2)
    assert each.mask == whole.mask


def test_the_point_of_a_row_is_given_only_where_there_is_one():
    """Its depth and how many were as deep stand beside it."""
    ask = modes("largest_point", "each_point")
    single, several = run(ScriptedModel([TWO_PARTS] * 3), [sample(TWO_PARTS)], ask)
    assert (single.point.depth, single.point.ties, single.point.positive) == (1.0, 4, True)
    assert several.point is None
    assert len(several.points) == 2


def test_equal_prompts_of_one_object_are_answered_once():
    """An object of one part gets the same box in three modes."""
    model = ScriptedModel(CANDIDATES)
    outcomes = run(model, [sample(TRUTH)], modes("largest_box", "each_box", "whole_box"))
    assert len(outcomes) == 3
    assert len(model.requests) == 1


def test_an_image_is_encoded_once_whatever_is_asked_of_it():
    """Two tasks and five modes."""
    model = ScriptedModel(CANDIDATES)
    names = ("largest_point", "each_point", "largest_box", "each_box", "whole_box")
    assert len(run(model, [sample(TRUTH, MORE)], modes(*names))) == 10
    assert model.encoded == 1


def test_scores_are_against_the_whole_mask_even_where_one_part_is_prompted():
    """The published score of mode 3."""
    outcome = one(run(ScriptedModel([LEFT, LEFT, LEFT]), [sample(TWO_PARTS)], modes("largest_box")))
    assert (outcome.intersection_px, outcome.union_px) == (2, int(np.sum(TWO_PARTS)))
