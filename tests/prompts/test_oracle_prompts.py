"""The prompts equal those of an independent implementation on 20 masks and 80 (mask, prediction) pairs."""

import json

import numpy as np
import pytest

from job.prompts.clicks import Situation, pooled, ritm
from job.prompts.draw import Draw
from job.prompts.modes import Target, admissible_points, prompt_mode
from job.prompts.regions import components
from tests.shared import SHARED, needs_shared

pytestmark = needs_shared
DRAW = Draw(seed=0, image="", slice=0, task="")


@pytest.fixture(scope="module")
def masks():
    with np.load(SHARED / "oracle/prompts/masks.npz") as file:
        return {name: file[name] > 0 for name in file.files}


@pytest.fixture(scope="module")
def modes():
    return json.loads((SHARED / "oracle/prompts/modes.json").read_text())


@pytest.fixture(scope="module")
def clicks():
    return json.loads((SHARED / "oracle/prompts/clicks.json").read_text())


def test_components_have_the_areas_and_the_admissible_points_of_the_oracle(masks, modes):
    """The number of components, the five largest areas, every admissible point of the three largest."""
    for index, expected in enumerate(modes):
        largest_first = components(masks[f"gt_{index}"])
        assert len(largest_first) == expected["components"]
        assert [int(component.sum()) for component in largest_first[:5]] == expected["areas"]
        assert [admissible_points(component)[0].tolist() for component in largest_first[:3]] == expected["mode2_points"]


def test_points_of_modes_1_and_2_are_admissible(masks, modes):
    """The random choice among equally deep pixels is one of the oracle's points."""
    for index, expected in enumerate(modes):
        truth = masks[f"gt_{index}"]
        (largest,), (each,) = (
            prompt_mode(name).prompts(Target(truth), DRAW) for name in ("largest_point", "each_point")
        )
        assert [largest.points[0].x, largest.points[0].y] in expected["mode1_points"]
        assert len(each.points) == len(expected["mode2_points"])
        for point, admissible in zip(each.points, expected["mode2_points"], strict=True):
            assert [point.x, point.y] in admissible
            assert point.ties == len(admissible)


def test_boxes_of_modes_3_to_5_are_exact(masks, modes):
    """Inclusive pixel indices, largest component first."""
    for index, expected in enumerate(modes):
        boxes = {
            name: [list(prompt.box) for prompt in prompt_mode(name).prompts(Target(masks[f"gt_{index}"]), DRAW)]
            for name in ("largest_box", "each_box", "whole_box")
        }
        assert boxes["largest_box"] == [expected["mode3_box"]]
        assert boxes["each_box"] == expected["mode4_boxes"]
        assert boxes["whole_box"] == [expected["mode5_box"]]


def situation(masks, case, prediction, clicked=()):
    """Return the input of a protocol for a case of the oracle."""
    truth = masks[f"gt_{case['mask']}"]
    return Situation(truth_HW=truth, labelled_HW=truth, prediction_HW=prediction, clicked=clicked, step=1, draw=DRAW)


def test_the_pooled_click_is_admissible(masks, clicks):
    """The published rule: any of the deepest pixels of truth XOR prediction, and no click on a perfect mask."""
    assert len(clicks) == 80
    for case in clicks:
        click = pooled(situation(masks, case, prediction_of(masks, case)), masks[f"gt_{case['mask']}"])
        if case["published_points"] is None:
            assert click == "converged"
        else:
            assert [click.x, click.y] in case["published_points"]
            assert click.ties == len(case["published_points"])
            assert click.depth == pytest.approx(case["published_distance"])


def test_successive_ritm_clicks_and_their_squared_depths_are_exact(masks, clicks):
    """Up to four clicks on a prediction that does not change, with clicked pixels excluded."""
    for case in clicks:
        prediction, ritm_clicks, depths = prediction_of(masks, case), [], []
        clicked = []
        for _ in range(4):
            click = ritm(situation(masks, case, prediction, clicked))
            if isinstance(click, str):
                break
            clicked.append((click.x, click.y))
            ritm_clicks.append([click.positive, click.x, click.y])
            depths.append(round(click.depth**2))
        assert ritm_clicks == (case["ritm_clicks"] or [])
        assert depths == (case["ritm_squared_depths"] or [])


def prediction_of(masks, case):
    return masks[f"pred_{case['mask']}_{case['pred']}"]
