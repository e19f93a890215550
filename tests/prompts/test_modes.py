"""The one-shot modes on a mask of four squares, and the random choice among equally deep pixels."""

import hashlib
import itertools

import numpy as np
import pytest

from job.prompts.boxes import Box
from job.prompts.draw import Draw
from job.prompts.modes import Point, Prompt, Target, prompt_mode

SQUARES = {Box(0, 0, 4, 4): 25, Box(6, 0, 8, 2): 9, Box(6, 6, 7, 7): 4, Box(0, 9, 0, 9): 1}
"""Box -> area, from large to small."""


@pytest.fixture
def truth():
    """Return the mask of all four squares, 10 x 10 pixels."""
    truth_HW = np.zeros((10, 10), np.bool_)
    for x0, y0, x1, y1 in SQUARES:
        truth_HW[y0 : y1 + 1, x0 : x1 + 1] = True
    assert truth_HW.sum() == sum(SQUARES.values())
    return truth_HW


def prompts(mode, truth, seed=0):
    """Return the prompts of a mode."""
    return prompt_mode(mode).prompts(Target(truth), Draw(seed=seed, image="", slice=0, task=""))


CENTRES = (
    Point(x=2, y=2, positive=True, depth=3.0, ties=1),
    Point(x=7, y=1, positive=True, depth=2.0, ties=1),
)


def test_mode_1_is_the_deepest_point_of_the_largest_component(truth):
    """One call with one point."""
    assert prompts("largest_point", truth) == [Prompt(points=CENTRES[:1])]


def test_mode_2_is_the_deepest_point_of_each_of_the_three_largest_components(truth):
    """One call with three points. All four pixels of the third component are equally deep."""
    points = [point for seed in range(100) for point in prompts("each_point", truth, seed)[0].points]
    assert {len(prompts("each_point", truth, seed)[0].points) for seed in range(100)} == {3}
    assert set(points[0::3] + points[1::3]) == set(CENTRES)
    assert {(point.x, point.y) for point in points[2::3]} == set(itertools.product((6, 7), (6, 7)))
    assert {(point.depth, point.ties) for point in points[2::3]} == {(1.0, 4)}


def test_mode_3_is_the_box_of_the_largest_component(truth):
    """One call."""
    assert prompts("largest_box", truth) == [Prompt(box=Box(0, 0, 4, 4))]


def test_mode_4_is_a_box_on_each_of_the_three_largest_components(truth):
    """One call for each box."""
    assert prompts("each_box", truth) == [Prompt(box=box) for box in list(SQUARES)[:3]]


def test_mode_5_is_one_box_over_the_whole_mask(truth):
    """The smallest component counts too."""
    assert prompts("whole_box", truth) == [Prompt(box=Box(0, 0, 8, 9))]


def test_a_draw_is_a_hash_of_seed_object_step_and_component():
    """The sha256 of the JSON list, big-endian, modulo the count: rows of earlier versions stay comparable."""
    draw = Draw(seed=3, image="a.png", slice=7, task="disc")
    for step, component in itertools.product((1, 2), (0, 1)):
        digest = hashlib.sha256(f'[3, "a.png", 7, "disc", {step}, {component}]'.encode()).hexdigest()
        assert draw.below(1000, step=step, component=component) == int(digest, 16) % 1000


def test_components_draw_their_points_independently():
    """Two squares of four equally deep pixels: the same corner is drawn in both only sometimes."""
    truth_HW = np.zeros((2, 5), np.bool_)
    truth_HW[:, :2] = truth_HW[:, 3:] = True
    (pairs,) = zip(*(prompts("each_point", truth_HW, seed) for seed in range(100)), strict=True)
    corners = [[(point.x % 3, point.y) for point in pair.points] for pair in pairs]
    assert {first == second for first, second in corners} == {True, False}
