"""Moved prompts: how far, which way, and where a move ends."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from job.prompts.blocks import PromptBlock
from job.prompts.boxes import Box
from job.prompts.clicks import Situation
from job.prompts.draw import Draw
from job.prompts.jitter import Mover
from job.prompts.modes import Point, Prompt, Target
from job.prompts.placing import next_click, prompts_of_modes
from job.study.jitter import Jitter

TRUTH = np.zeros((40, 60), np.bool_)
TRUTH[10:20, 20:50] = True  # 30 px wide, 10 px high


def draw(seed=0, image="a"):
    return Draw(seed=seed, image=image, slice=7, task="disc")


def block(*modes, jitter, protocol="one-shot"):
    return PromptBlock(protocol=protocol, prompts=modes, mask_choices=("single",), jitter=jitter)


def boxes(jitter, truth_HW=TRUTH, seeds=300, mode="whole_box"):
    """Return the boxes of many seeds, (N, 4)."""
    prompts = [prompts_of_modes(block(mode, jitter=jitter), Target(truth_HW), draw(seed)) for seed in range(seeds)]
    return np.array([prompt.box for by_mode in prompts for prompt in by_mode[mode]])


def clicks(jitter, seeds=300, step=1):
    """Return the places of a click of `ritm` for many seeds, (N, 2)."""
    clicking = block("clicks", jitter=jitter, protocol="ritm")
    nothing = np.zeros_like(TRUTH)
    situations = [
        Situation(truth_HW=TRUTH, labelled_HW=TRUTH, prediction_HW=nothing, clicked=(), step=step, draw=draw(seed))
        for seed in range(seeds)
    ]
    return np.array([(click.x, click.y) for click in (next_click(clicking, each) for each in situations)])


def moves(places, at):
    """Return the moves that occur of each coordinate."""
    return [sorted(set(column)) for column in (np.asarray(places) - at).T.tolist()]


def test_each_edge_of_a_box_moves_by_any_whole_number_of_pixels_up_to_the_jitter():
    """Two pixels: five moves of each of the four edges, by themselves."""
    moved = boxes(Jitter(2, "px"))
    assert moves(moved, (20, 10, 49, 19)) == [[-2, -1, 0, 1, 2]] * 4
    assert len({tuple(box) for box in moved.tolist()}) > 200


def test_a_share_is_of_the_sides_of_the_box():
    """10 % of 30 px are 3, of 10 px 1."""
    assert moves(boxes(Jitter(10, "%")), (20, 10, 49, 19)) == [[*range(-3, 4)], [-1, 0, 1]] * 2


@pytest.mark.parametrize(("share", "most"), [(4.9, 0), (5, 1), (14.9, 1), (15, 2)])
def test_a_share_is_rounded_half_up_to_whole_pixels(share, most):
    """Of 10 px."""
    assert Jitter(share, "%").most(10) == most


def test_a_move_is_that_of_its_hash():
    """The sha256 of the JSON list, as a share of 2**256, times the number of moves: the first edge, at step 1."""
    digest = hashlib.sha256(b'[3, "a", 7, "disc", 1, 0, "shift", 0]').hexdigest()
    expected = int(int(digest, 16) / 2**256 * 41) - 20
    (prompt,) = prompts_of_modes(block("whole_box", jitter=Jitter(20, "px")), Target(TRUTH), draw(3))["whole_box"]
    assert prompt.box.x0 == 20 + expected


def test_a_click_moves_in_both_coordinates():
    """`ritm` aims at the first of the deepest pixels, (24, 14)."""
    assert moves(clicks(Jitter(1, "px")), (24, 14)) == [[-1, 0, 1]] * 2
    assert moves(clicks(Jitter(10, "%")), (24, 14)) == [[*range(-3, 4)], [-1, 0, 1]]


def test_every_click_moves_its_own_way():
    """A hasty user does not always miss to the same side."""
    assert clicks(Jitter(5, "px"), step=1).tolist() != clicks(Jitter(5, "px"), step=2).tolist()


def test_a_click_keeps_what_it_aimed_at():
    """Its polarity, and depth and ties of the pixel that the rule names."""
    situation = Situation(
        truth_HW=TRUTH, labelled_HW=TRUTH, prediction_HW=~TRUTH & False, clicked=(), step=1, draw=draw()
    )
    aimed, moved = (
        next_click(block("clicks", jitter=jitter, protocol="ritm"), situation) for jitter in (None, Jitter(30, "px"))
    )
    assert (moved.x, moved.y) != (aimed.x, aimed.y)
    assert (moved.positive, moved.depth, moved.ties) == (aimed.positive, aimed.depth, aimed.ties)


def test_a_trajectory_that_ended_has_no_click_to_move():
    """The mask is perfect."""
    situation = Situation(truth_HW=TRUTH, labelled_HW=TRUTH, prediction_HW=TRUTH, clicked=(), step=2, draw=draw())
    assert next_click(block("clicks", jitter=Jitter(5, "px"), protocol="ritm"), situation) == "converged"


@given(st.integers(0, 39), st.integers(0, 59), st.integers(1, 1000), st.integers(0, 99))
def test_a_moved_box_has_a_pixel_and_lies_in_the_image(y, x, pixels, seed):
    """Even of a single pixel in a corner, moved by more than the image."""
    truth_HW = np.zeros((40, 60), np.bool_)
    truth_HW[y, x] = True
    by_mode = prompts_of_modes(
        block("whole_box", "largest_point", jitter=Jitter(pixels, "px")), Target(truth_HW), draw(seed)
    )
    box, point = by_mode["whole_box"][0].box, by_mode["largest_point"][0].points[0]
    assert 0 <= box.x0 <= box.x1 < 60
    assert 0 <= box.y0 <= box.y1 < 40
    assert 0 <= point.x < 60
    assert 0 <= point.y < 40


@given(st.integers(0, 500))
def test_a_larger_jitter_moves_the_same_way_and_farther(seed):
    """So a difference between two jitters is of their size alone."""
    small, large = (draw(seed).shift(most, step=1, component=0, coordinate=0) for most in (5, 20))
    assert abs(large) >= abs(small) - 1
    assert small * large >= 0 or min(abs(small), abs(large)) == 0


def test_modes_of_one_component_are_moved_alike():
    """So their requests stay one, and differences between modes are not of chance."""
    modes = ("largest_box", "each_box", "whole_box")
    by_mode = prompts_of_modes(block(*modes, jitter=Jitter(9, "px")), Target(TRUTH), draw())
    assert by_mode["largest_box"] == by_mode["each_box"] == by_mode["whole_box"] != [Box(20, 10, 49, 19)]


def test_components_are_moved_by_themselves():
    """Two equal squares: their boxes and their points move differently."""
    truth_HW = np.zeros((30, 60), np.bool_)
    truth_HW[10:15, 10:15] = truth_HW[10:15, 40:45] = True
    by_mode = prompts_of_modes(block("each_box", "each_point", jitter=Jitter(9, "px")), Target(truth_HW), draw())
    right, left = (np.array(prompt.box) for prompt in by_mode["each_box"])
    assert (right - left).tolist() != [30, 0, 30, 0]
    first, second = by_mode["each_point"][0].points
    assert (first.x - second.x, first.y - second.y) != (30, 0)


def test_a_share_moves_a_component_s_box_by_its_own_sides():
    """A speck of 2 px beside an object of 30 px: 50 % are 1 px of it."""
    truth_HW = TRUTH.copy()
    truth_HW[30:32, 5:7] = True
    specks = boxes(Jitter(50, "%"), truth_HW, mode="each_box")[1::2]
    assert moves(specks[:, :2], (5, 30)) == [[-1, 0, 1]] * 2


def test_rows_are_of_a_mode_or_protocol_of_its_own():
    """The name says how far."""
    assert block("whole_box", jitter=Jitter(5, "px")).key("whole_box") == ("whole_box jitter 5 px", "one-shot")
    assert block("clicks", jitter=Jitter(2.5, "%"), protocol="ritm").key("clicks") == ("clicks", "ritm jitter 2.5 %")
    assert block("whole_box", jitter=None).key("whole_box") == ("whole_box", "one-shot")


def test_each_prompt_of_a_mode_has_a_move_of_its_own():
    """By its place in their order, as a first prompt."""
    mover, point = (
        Mover(jitter=Jitter(9, "px"), truth_HW=TRUTH, draw=draw()),
        Point(x=30, y=15, positive=True, depth=1.0, ties=1),
    )
    alone = [mover.point(point, 1, number) for number in range(5)]
    xs, ys = ({getattr(moved, axis) - getattr(point, axis) for moved in alone} for axis in "xy")
    assert len(xs) > 2
    assert len(ys) > 2
    assert any(moved.x - point.x != moved.y - point.y for moved in alone)
    pairs = [Prompt(points=(point, point)), Prompt(points=(point,)), Prompt(points=(point, point))]
    assert [moved for prompt in mover.prompts(pairs) for moved in prompt.points] == alone
