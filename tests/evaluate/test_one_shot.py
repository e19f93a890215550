"""One-shot modes: which candidate is chosen, how the masks of several boxes are joined, what a row contains."""

import pytest

from job.results import run_lengths
from tests.evaluate.scripted import ScriptedModel, mask, modes, run, sample
from tests.models.fake import FakeModel

TRUTH = mask("##..", "##..", "....", "....")
NONE = mask("....", "....", "....", "....")
HALF = mask("##..", "....", "....", "....")
MORE = mask("###.", "###.", "....", "....")
CANDIDATES = [HALF, TRUTH, MORE]


def run_one(model, samples, block):
    """Evaluate a block that has one outcome."""
    (outcome,) = run(model, samples, block)
    return outcome


@pytest.mark.parametrize(
    ("choice", "index", "intersection", "union"),
    [("first", 0, 2, 4), ("oracle", 1, 4, 4), ("score", 2, 4, 6)],
)
def test_each_choice_takes_its_candidate(choice, index, intersection, union):
    """`first` has index 0, `oracle` equals the truth, and `score` has the highest predicted IoU."""
    outcome = run_one(ScriptedModel(CANDIDATES), [sample(TRUTH)], modes("whole_box", choices=(choice,)))
    assert (outcome.mask_index, outcome.intersection_px, outcome.union_px) == (index, intersection, union)
    assert outcome.predicted_iou == pytest.approx([0.1, 0.2, 0.3][index])
    assert (run_lengths.decode(outcome.mask, 4, 4) == CANDIDATES[index]).all()


def test_the_single_mask_has_its_own_request_and_no_index():
    """It is not one of the three candidates."""
    model = ScriptedModel(CANDIDATES, single=MORE)
    outcomes = run(model, [sample(TRUTH)], modes("whole_box", choices=("first", "single")))
    assert {o.mask_choice: (o.union_px, o.mask_index) for o in outcomes} == {"first": (4, 0), "single": (6, None)}
    assert [request.multimask for request in model.requests] == [True, False]


def test_choices_among_candidates_share_a_request():
    """Three choices need one request."""
    model = ScriptedModel(CANDIDATES)
    assert len(run(model, [sample(TRUTH)], modes("whole_box", choices=("first", "score", "oracle")))) == 3
    assert len(model.requests) == 1


def test_the_predicted_iou_of_a_model_without_one_is_null():
    """RITM is such a model."""
    model = ScriptedModel(single=TRUTH, scores=None)
    outcome = run_one(model, [sample(TRUTH)], modes("whole_box", choices=("single",)))
    assert outcome.predicted_iou is None


TWO_COMPONENTS = mask("##....", "##....", "......", ".....#")
LEFT = mask("##....", "......", "......", "......")
RIGHT = mask("......", "......", "......", "....##")


class TwoBoxes(ScriptedModel):
    """Each box has its own candidates and scores: the highest score of the left box is 2's, of the right one 0's."""

    def prediction(self, request):
        is_left = request.box_4[0] == 0
        self.candidates = [LEFT, LEFT, TWO_COMPONENTS] if is_left else [RIGHT, RIGHT, RIGHT]
        self.scores = (0.1, 0.2, 0.9) if is_left else (0.7, 0.2, 0.1)
        return super().prediction(request)


def test_boxes_are_joined_candidate_by_candidate():
    """The first is joined with the first; the predicted IoU is the mean over the boxes."""
    outcome = run_one(TwoBoxes([LEFT] * 3), [sample(TWO_COMPONENTS)], modes("each_box", choices=("first",)))
    assert (run_lengths.decode(outcome.mask, 4, 6) == LEFT | RIGHT).all()
    assert outcome.predicted_iou == pytest.approx((0.1 + 0.7) / 2)
    assert (outcome.mask_index, outcome.point) == (0, None)
    assert outcome.boxes == ((0, 0, 1, 1), (5, 3, 5, 3))


def test_with_score_each_box_chooses_its_own_candidate():
    """Then the chosen masks are joined, and there is no common index."""
    outcome = run_one(TwoBoxes([LEFT] * 3), [sample(TWO_COMPONENTS)], modes("each_box", choices=("score",)))
    assert (run_lengths.decode(outcome.mask, 4, 6) == TWO_COMPONENTS | RIGHT).all()
    assert outcome.predicted_iou == pytest.approx((0.9 + 0.7) / 2)
    assert outcome.mask_index is None


def test_each_box_with_score_has_no_index_even_for_one_component():
    """The column has one meaning, whatever the object's number of components."""
    each, whole = run(ScriptedModel(CANDIDATES), [sample(TRUTH)], modes("each_box", "whole_box"))
    assert (each.mask_index, whole.mask_index) == (None, 2)
    assert each.mask == whole.mask


def test_a_row_has_a_point_only_if_the_mode_has_exactly_one():
    """The point comes with its depth and its ties."""
    block = modes("largest_point", "each_point")
    single, several = run(ScriptedModel([TWO_COMPONENTS] * 3), [sample(TWO_COMPONENTS)], block)
    assert (single.point.depth, single.point.ties, single.point.positive) == (1.0, 4, True)
    assert several.point is None
    assert len(several.points) == 2


def test_equal_prompts_of_an_object_are_predicted_once():
    """An object of one component has the same box in three modes."""
    model = ScriptedModel(CANDIDATES)
    outcomes = run(model, [sample(TRUTH)], modes("largest_box", "each_box", "whole_box"))
    assert len(outcomes) == 3
    assert len(model.requests) == 1


def test_an_image_is_encoded_once_for_all_its_prompts():
    """Two tasks and five modes share the encoding."""
    model = ScriptedModel(CANDIDATES)
    names = ("largest_point", "each_point", "largest_box", "each_box", "whole_box")
    assert len(run(model, [sample(TRUTH, MORE)], modes(*names))) == 10
    assert model.encoded == 1


def test_scores_are_against_the_whole_object_even_if_one_component_is_prompted():
    """As published for mode 3: the mask has 2 of the object's 5 px."""
    outcome = run_one(ScriptedModel([LEFT, LEFT, LEFT]), [sample(TWO_COMPONENTS)], modes("largest_box"))
    assert (outcome.intersection_px, outcome.union_px) == (2, 5)


THREE_COMPONENTS = mask("#..#..#")


def test_a_batch_is_limited_in_prompts_not_in_objects():
    """Three boxes of an object are three requests: a batch of 4 holds one such object, one of 6 two, one of 2 none."""
    samples = [sample(THREE_COMPONENTS, image=name) for name in ("a.png", "b.png", "c.png")]
    for batch, calls in ((4, [3, 3, 3]), (6, [6, 3]), (2, [2, 1, 2, 1, 2, 1]), (100, [9])):
        model = FakeModel()
        outcomes = run(model, samples, modes("each_box", choices=("oracle",)), batch=batch)
        assert model.batches == calls
        assert [len(outcome.boxes) for outcome in outcomes] == [3, 3, 3]
