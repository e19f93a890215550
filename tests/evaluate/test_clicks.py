"""Trajectories: where the clicks are, what is fed back, how they end. The lock-step loop equals a plain loop."""

from dataclasses import replace

import numpy as np
import pytest

from job.models.protocol import Request
from job.prompts.clicks import Situation, click_protocol
from job.prompts.draw import Draw
from job.results import run_lengths
from job.study.jitter import Jitter
from tests.evaluate.scripted import ScriptedModel, clicks, mask, run, sample
from tests.models.fake import EVERYTHING, FakeModel

TRUTH = mask("......", ".###..", ".###..", ".###..", "......")
NONE = np.zeros_like(TRUTH)
FULL = np.ones_like(TRUTH)


def test_the_first_click_is_the_centre_of_the_object():
    """It is the deepest pixel, and positive."""
    (outcome,) = run(ScriptedModel([NONE] * 3), [sample(TRUTH)], clicks("ritm", 1))
    assert (outcome.point.x, outcome.point.y, outcome.point.positive, outcome.point.depth) == (2, 2, True, 2.0)


def test_ritm_never_clicks_a_pixel_twice_but_the_published_protocol_may():
    """The prediction never changes."""
    outcomes = run(ScriptedModel([NONE] * 3), [sample(TRUTH)], clicks("ritm", 9))
    assert len({(o.point.x, o.point.y) for o in outcomes}) == 9
    outcomes = run(ScriptedModel([NONE] * 3), [sample(TRUTH)], clicks("mazurowski2023", 3))
    assert {(o.point.x, o.point.y) for o in outcomes} == {(2, 2)}


def test_an_object_whose_error_pixels_are_all_clicked_is_exhausted():
    """It has one pixel, which the model never predicts."""
    truth = mask("...", ".#.", "...")
    outcomes = run(ScriptedModel([np.zeros_like(truth)] * 3), [sample(truth)], clicks("ritm", 3))
    assert [(o.status, o.point is None, o.step) for o in outcomes] == [
        ("ok", False, 1), ("exhausted", True, 2), ("exhausted", True, 3),
    ]  # fmt: skip


def test_a_perfect_mask_gets_no_more_clicks_but_a_row_for_each_remaining_step():
    """Every step therefore has a mean over the same objects."""
    model = ScriptedModel([TRUTH] * 3)
    outcomes = run(model, [sample(TRUTH)], clicks("mazurowski2023", 9))
    assert [o.status for o in outcomes] == ["ok"] + ["converged"] * 8
    assert [o.step for o in outcomes] == list(range(1, 10))
    assert {(o.intersection_px, o.union_px, o.mask) for o in outcomes} == {(9, 9, run_lengths.encode(TRUTH))}
    assert len(model.requests) == 1


def test_a_target_stops_an_object_early():
    """The row that reaches the target has the status `ok`."""
    outcomes = run(ScriptedModel([FULL] * 3), [sample(TRUTH)], clicks("ritm", 3, target=0.25))
    assert [o.status for o in outcomes] == ["ok", "target", "target"]


def test_the_published_polarity_depends_on_every_class():
    """A click on another class is positive as published, and negative as corrected."""
    other = mask("......", "......", "......", "......", "######")
    predicted = TRUTH | other
    for protocol, positive in (("mazurowski2023", True), ("mazurowski2023-corrected", False)):
        samples = [sample(TRUTH, labelled=TRUTH | other)]
        second = run(ScriptedModel([predicted] * 3), samples, clicks(protocol, 2))[1]
        assert (second.point.y, second.point.positive) == (4, positive)


def test_the_published_protocol_has_candidates_and_no_mask_input_at_every_click():
    """Each request has all points so far."""
    model = ScriptedModel([NONE] * 3)
    run(model, [sample(TRUTH)], clicks("mazurowski2023", 3))
    assert [(len(r.points_N2), r.multimask, r.mask_input) for r in model.requests] == [
        (1, True, None), (2, True, None), (3, True, None),
    ]  # fmt: skip


def test_the_ritm_protocol_feeds_the_chosen_mask_back():
    """The first click has candidates, later ones the single mask."""
    model = ScriptedModel([NONE] * 3, single=NONE)
    outcomes = run(model, [sample(TRUTH)], clicks("ritm", 3, choices=("first",)))
    assert [(len(r.points_N2), r.multimask, r.mask_input) for r in model.requests] == [
        (1, True, None), (2, False, "logits of candidate 0"), (3, False, "logits of candidate 0"),
    ]  # fmt: skip
    assert [o.mask_index for o in outcomes] == [0, None, None]


def test_a_protocol_that_begins_with_a_box_gives_it_with_every_click():
    """The box has candidates and a row of step 0 without a click; then the chosen mask is fed back."""
    model = ScriptedModel([NONE] * 3, single=NONE)
    outcomes = run(model, [sample(TRUTH)], clicks("cvpr2025", 2, choices=("first",)))
    assert [(len(r.points_N2), r.box_4.tolist(), r.multimask, r.mask_input) for r in model.requests] == [
        (0, [1, 1, 3, 3], True, None),
        (1, [1, 1, 3, 3], False, "logits of candidate 0"),
        (2, [1, 1, 3, 3], False, "logits of candidate 0"),
    ]
    assert [(o.step, o.point and (o.point.x, o.point.y), len(o.points), o.boxes, o.mask_index) for o in outcomes] == [
        (0, None, 0, ((1, 1, 3, 3),), 0),
        (1, (2, 2), 1, ((1, 1, 3, 3),), None),
        (2, (2, 2), 2, ((1, 1, 3, 3),), None),
    ]


def test_a_jitter_moves_the_box_once_and_each_click_by_itself():
    """All clicks of an object have one box; the first click does not follow its upper left corner."""
    truth = np.zeros((60, 60), bool)
    truth[20:40, 20:40] = True
    block = replace(clicks("cvpr2025", 2), jitter=Jitter(5, "px"))
    moves = []
    for seed in range(20):
        outcomes = run(ScriptedModel([np.zeros_like(truth)] * 3), [sample(truth)], block, seed=seed)
        ((box,),) = {o.boxes for o in outcomes}
        aimed = run(ScriptedModel([np.zeros_like(truth)] * 3), [sample(truth)], clicks("cvpr2025", 1), seed=seed)[
            1
        ].point
        moves.append((box.x0 - 20, box.y0 - 20, outcomes[1].point.x - aimed.x, outcomes[1].point.y - aimed.y))
    assert {abs(move) <= 5 for of_seed in moves for move in of_seed} == {True}
    assert any(of_box != of_click for *of_box, x, y in moves for of_click in [[x, y]])
    assert len({of_seed[0] for of_seed in moves}) > 3


@pytest.mark.parametrize(("target", "status"), [(None, "converged"), (0.5, "target")])
def test_a_box_that_suffices_leaves_no_click(target, status):
    """Its row is `ok`; the rows of the clicks repeat its mask."""
    outcomes = run(ScriptedModel([TRUTH] * 3), [sample(TRUTH)], clicks("cvpr2025", 2, target=target))
    assert [(o.step, o.status, o.point, o.points, len(o.boxes)) for o in outcomes] == [
        (0, "ok", None, (), 1), (1, status, None, (), 1), (2, status, None, (), 1),
    ]  # fmt: skip
    assert {o.mask for o in outcomes} == {run_lengths.encode(TRUTH)}


def test_a_model_that_always_takes_a_mask_input_gets_it_with_every_protocol():
    """RITM is such a model."""
    model = ScriptedModel(single=NONE, mask_input="always", scores=None)
    run(model, [sample(TRUTH)], clicks("mazurowski2023", 2, choices=("single",)))
    assert [r.mask_input for r in model.requests] == [None, "logits of candidate 0"]


def test_choices_that_have_agreed_so_far_share_their_requests():
    """Three trajectories with equal masks have equal requests."""
    model = ScriptedModel([NONE] * 3)
    outcomes = run(model, [sample(TRUTH)], clicks("mazurowski2023", 4, choices=("first", "score", "oracle")))
    assert len(outcomes) == 12
    assert len(model.requests) == 4


def test_the_first_click_does_not_depend_on_the_model_or_the_choice():
    """In a line many pixels are equally deep; every model gets the same one."""
    line = mask("...........", ".#########.", "...........")
    first_clicks = set()
    for model in (ScriptedModel([line] * 3), ScriptedModel([np.zeros_like(line)] * 3)):
        for o in run(model, [sample(line)], clicks("mazurowski2023", 1, choices=("first", "oracle"))):
            first_clicks.add((o.point.x, o.point.ties))
    ((_, ties),) = first_clicks
    assert ties == 9


def test_another_seed_draws_another_of_equally_deep_pixels():
    """An equal seed draws an equal one."""
    line = mask("." * 40, "." + "#" * 38 + ".", "." * 40)
    drawn = [
        run(ScriptedModel([line] * 3), [sample(line)], clicks("mazurowski2023", 1), seed=seed)[0].point.x
        for seed in (1, 1, 2, 3, 4)
    ]
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) > 2


def plain_trajectory(model, image_sample, obj, protocol, steps, choice):
    """Click on one object alone, in a loop that follows the text of the protocol."""
    (image,) = model.encode([image_sample.image_HWC])
    prediction, clicked = np.zeros_like(obj.truth_HW), []
    points, mask_input, rows, box = [], None, [], None
    feeds_back = protocol in ("ritm", "cvpr2025")
    if protocol == "cvpr2025":
        (y,), (x,) = (np.nonzero(obj.truth_HW.any(axis=axis)) for axis in (1, 0))
        box = np.array([x.min(), y.min(), x.max(), y.max()], np.int32)
    for step in range(0 if box is not None else 1, steps + 1):
        situation = Situation(
            truth_HW=obj.truth_HW,
            labelled_HW=obj.labelled_HW,
            prediction_HW=prediction,
            clicked=clicked,
            step=step,
            draw=Draw(seed=5, image=image_sample.image, slice=0, task=obj.task),
        )
        click = click_protocol(protocol).next_click(situation) if step else None
        if isinstance(click, str):
            rows.append((None, prediction))
            continue
        if click:
            points.append(click)
            clicked.append((click.x, click.y))
        multimask = mask_input is None or not feeds_back
        request = Request(
            image=image,
            points_N2=np.array([(p.x, p.y) for p in points], np.int32).reshape(-1, 2),
            labels_N=np.array([p.positive for p in points], np.int32),
            box_4=box,
            mask_input=mask_input if feeds_back else None,
            multimask=multimask,
        )
        (response,) = model.predict([request])
        ious = [(m.numpy() & obj.truth_HW).sum() / (m.numpy() | obj.truth_HW).sum() for m in response.masks_CHW]
        best = {"oracle": int(np.argmax(ious)), "score": int(response.predicted_iou_C.argmax()), "first": 0}[choice]
        index = best if multimask else 0
        prediction, mask_input = response.masks_CHW[index].numpy(), response.mask_inputs_C[index]
        rows.append((click and (click.x, click.y, click.positive), prediction))
    return rows


@pytest.fixture(scope="module")
def scenes():
    """Five images of different sizes with two blobs each."""
    rng = np.random.default_rng(3)
    samples = []
    for index in range(5):
        height, width = rng.integers(24, 60, 2)
        y, x = np.mgrid[:height, :width]
        blobs = [
            np.hypot(y - rng.integers(8, height - 8), x - rng.integers(8, width - 8)) < rng.integers(4, 10)
            for _ in range(2)
        ]
        samples.append(sample(*blobs, image=f"{index}.png"))
    return samples


@pytest.mark.parametrize("protocol", ["mazurowski2023", "mazurowski2023-corrected", "ritm", "cvpr2025"])
@pytest.mark.parametrize("batch", [1, 3, 100])
def test_objects_in_lock_step_have_the_trajectories_of_each_alone(scenes, protocol, batch):
    """Every click and every mask is equal, for every choice and every batch."""
    choices = ("first", "score", "oracle")
    outcomes = run(FakeModel(EVERYTHING), scenes, clicks(protocol, 5, choices=choices), seed=5, batch=batch)
    by_key = {(o.sample.image, o.object.task, o.mask_choice, o.step): o for o in outcomes}
    first = 0 if protocol == "cvpr2025" else 1
    assert len(by_key) == len(outcomes) == 5 * 2 * 3 * (6 - first)
    for scene in scenes:
        for obj in scene.objects:
            for choice in choices:
                rows = plain_trajectory(FakeModel(EVERYTHING), scene, obj, protocol, 5, choice)
                for step, (click, prediction) in enumerate(rows, start=first):
                    outcome = by_key[scene.image, obj.task, choice, step]
                    point = outcome.point and (outcome.point.x, outcome.point.y, outcome.point.positive)
                    assert point == click
                    assert outcome.mask == run_lengths.encode(prediction)
