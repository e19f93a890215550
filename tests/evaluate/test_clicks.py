"""Trajectories: where the clicks go, what is fed back, how they end; and the lock-step loop equals a plain one."""

import numpy as np
import pytest

from job.prompts.clicks import PROTOCOLS, Situation
from job.prompts.draw import Draw
from job.results import run_lengths
from tests.evaluate.scripted import ScriptedModel, clicks, mask, run, sample
from tests.models.fake import EVERYTHING, FakeModel

TRUTH = mask("......", ".###..", ".###..", ".###..", "......")
NONE = np.zeros_like(TRUTH)
FULL = np.ones_like(TRUTH)


def test_the_first_click_is_the_middle_of_the_object():
    """The one deepest pixel, positive."""
    (outcome,) = run(ScriptedModel([NONE] * 3), [sample(TRUTH)], clicks("ritm", 1))
    assert (outcome.point.x, outcome.point.y, outcome.point.positive, outcome.point.depth) == (2, 2, True, 2.0)


def test_ritm_never_clicks_a_pixel_twice_and_the_published_rule_may():
    """On a prediction that never changes."""
    outcomes = run(ScriptedModel([NONE] * 3), [sample(TRUTH)], clicks("ritm", 9))
    assert len({(o.point.x, o.point.y) for o in outcomes}) == 9
    outcomes = run(ScriptedModel([NONE] * 3), [sample(TRUTH)], clicks("mazurowski2023", 3))
    assert {(o.point.x, o.point.y) for o in outcomes} == {(2, 2)}


def test_an_object_whose_every_error_pixel_was_clicked_is_exhausted():
    """One pixel, and a model that never finds it."""
    truth = mask("...", ".#.", "...")
    outcomes = run(ScriptedModel([np.zeros_like(truth)] * 3), [sample(truth)], clicks("ritm", 3))
    assert [(o.status, o.point is None, o.step) for o in outcomes] == [
        ("ok", False, 1), ("exhausted", True, 2), ("exhausted", True, 3),
    ]  # fmt: skip


def test_a_perfect_mask_gets_no_more_clicks_and_a_row_for_each_remaining_step():
    """So that every step averages the same objects."""
    model = ScriptedModel([TRUTH] * 3)
    outcomes = run(model, [sample(TRUTH)], clicks("mazurowski2023", 9))
    assert [o.status for o in outcomes] == ["ok"] + ["converged"] * 8
    assert [o.step for o in outcomes] == list(range(1, 10))
    assert {(o.intersection_px, o.union_px, o.mask) for o in outcomes} == {(9, 9, run_lengths.encode(TRUTH))}
    assert len(model.requests) == 1


def test_a_target_stops_an_object_early():
    """The row that reaches it is an ordinary one."""
    outcomes = run(ScriptedModel([FULL] * 3), [sample(TRUTH)], clicks("ritm", 3, target=0.25))
    assert [o.status for o in outcomes] == ["ok", "target", "target"]


def test_the_published_polarity_looks_at_every_class():
    """A click on another class is positive as published, and negative as corrected."""
    other = mask("......", "......", "......", "......", "######")
    predicted = TRUTH | other
    for protocol, positive in (("mazurowski2023", True), ("mazurowski2023-corrected", False)):
        things = [sample(TRUTH, labelled=TRUTH | other)]
        second = run(ScriptedModel([predicted] * 3), things, clicks(protocol, 2))[1]
        assert (second.point.y, second.point.positive) == (4, positive)


def test_the_published_protocol_feeds_nothing_back_and_asks_for_candidates_at_every_click():
    """All points so far, three candidates, no mask."""
    model = ScriptedModel([NONE] * 3)
    run(model, [sample(TRUTH)], clicks("mazurowski2023", 3))
    assert [(len(r.points_N2), r.multimask, r.mask_input) for r in model.requests] == [
        (1, True, None), (2, True, None), (3, True, None),
    ]  # fmt: skip


def test_the_ritm_protocol_feeds_the_chosen_mask_back():
    """Candidates at the first click, the single-mask token after it."""
    model = ScriptedModel([NONE] * 3, one=NONE)
    outcomes = run(model, [sample(TRUTH)], clicks("ritm", 3, choices=("first",)))
    assert [(len(r.points_N2), r.multimask, r.mask_input) for r in model.requests] == [
        (1, True, None), (2, False, "logits of candidate 0"), (3, False, "logits of candidate 0"),
    ]  # fmt: skip
    assert [o.mask_index for o in outcomes] == [0, None, None]


def test_a_model_that_always_keeps_its_mask_gets_it_under_every_protocol():
    """As RITM does under the published one."""
    model = ScriptedModel(one=NONE, mask_input="always", scores=None)
    run(model, [sample(TRUTH)], clicks("mazurowski2023", 2, choices=("single",)))
    assert [r.mask_input for r in model.requests] == [None, "logits of candidate 0"]


def test_choices_that_agree_so_far_share_their_calls():
    """Three trajectories whose masks are the same ask the same."""
    model = ScriptedModel([NONE] * 3)
    outcomes = run(model, [sample(TRUTH)], clicks("mazurowski2023", 4, choices=("first", "score", "oracle")))
    assert len(outcomes) == 12
    assert len(model.requests) == 4


def test_the_first_click_does_not_depend_on_the_model_or_the_choice():
    """Many pixels are equally deep in a line; every model is shown the same one."""
    line = mask("...........", ".#########.", "...........")
    firsts = set()
    for model in (ScriptedModel([line] * 3), ScriptedModel([np.zeros_like(line)] * 3)):
        for o in run(model, [sample(line)], clicks("mazurowski2023", 1, choices=("first", "oracle"))):
            firsts.add((o.point.x, o.point.ties))
    assert len(firsts) == 1
    assert firsts.pop()[1] == 9


def test_the_seed_draws_another_of_the_equals():
    """And the same seed the same."""
    line = mask("." * 40, "." + "#" * 38 + ".", "." * 40)
    drawn = [
        run(ScriptedModel([line] * 3), [sample(line)], clicks("mazurowski2023", 1), seed=seed)[0].point.x
        for seed in (1, 1, 2, 3, 4)
    ]
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) > 2


def plain_trajectory(model, one, obj, protocol, steps, choice):
    """One object alone, as a reader of the protocol would write it down."""
    (image,) = model.encode([one.image_HWC])
    from job.models.protocol import Request

    prediction, clicked = np.zeros_like(obj.truth_HW), np.zeros_like(obj.truth_HW)
    points, mask_input, rows = [], None, []
    for step in range(1, steps + 1):
        situation = Situation(
            truth_HW=obj.truth_HW,
            labelled_HW=obj.labelled_HW,
            prediction_HW=prediction,
            clicked_HW=clicked,
            step=step,
            draw=Draw(seed=5, image=one.image, slice=0, task=obj.task),
        )
        click = PROTOCOLS[protocol].next_click(situation)
        if isinstance(click, str):
            rows.append((None, prediction))
            continue
        points.append(click)
        clicked[click.y, click.x] = True
        multimask = step == 1 or protocol != "ritm"
        request = Request(
            image=image,
            points_N2=np.array([(p.x, p.y) for p in points], np.int32),
            labels_N=np.array([p.positive for p in points], np.int32),
            mask_input=mask_input if protocol == "ritm" else None,
            multimask=multimask,
        )
        (answer,) = model.predict([request])
        ious = [(m.numpy() & obj.truth_HW).sum() / (m.numpy() | obj.truth_HW).sum() for m in answer.masks_CHW]
        best = {"oracle": int(np.argmax(ious)), "score": int(np.argmax(answer.predicted_iou_C)), "first": 0}[choice]
        index = best if multimask else 0
        prediction, mask_input = answer.masks_CHW[index].numpy(), answer.mask_inputs_C[index]
        rows.append(((click.x, click.y, click.positive), prediction))
    return rows


@pytest.fixture(scope="module")
def scenes():
    """Five images of different sizes with two blobs each."""
    rng = np.random.default_rng(3)
    made = []
    for index in range(5):
        height, width = rng.integers(24, 60, 2)
        y, x = np.mgrid[:height, :width]
        blobs = [
            np.hypot(y - rng.integers(8, height - 8), x - rng.integers(8, width - 8)) < rng.integers(4, 10)
            for _ in range(2)
        ]
        made.append(sample(*blobs, image=f"{index}.png"))
    return made


@pytest.mark.parametrize("protocol", ["mazurowski2023", "mazurowski2023-corrected", "ritm"])
@pytest.mark.parametrize("batch", [1, 3, 100])
def test_many_objects_in_lock_step_do_what_each_would_do_alone(scenes, protocol, batch):
    """Every click and every mask, for every choice, whatever the batch."""
    choices = ("first", "score", "oracle")
    outcomes = run(FakeModel(EVERYTHING), scenes, clicks(protocol, 5, choices=choices), seed=5, batch=batch)
    found = {(o.sample.image, o.object.task, o.mask_choice, o.step): o for o in outcomes}
    assert len(found) == len(outcomes) == 5 * 2 * 3 * 5
    for one in scenes:
        for obj in one.objects:
            for choice in choices:
                rows = plain_trajectory(FakeModel(EVERYTHING), one, obj, protocol, 5, choice)
                for step, (click, prediction) in enumerate(rows, start=1):
                    outcome = found[one.image, obj.task, choice, step]
                    point = outcome.point and (outcome.point.x, outcome.point.y, outcome.point.positive)
                    assert point == click
                    assert outcome.mask == run_lengths.encode(prediction)
