"""The conformance suites of click protocols and modes, for those of other packages as for our own. They need pytest.

A package's test module subclasses them, whose names pytest finds:

    class TestMyProtocol(ProtocolSuite):
        protocol = PROTOCOL

    class TestMyMode(ModeSuite):
        mode = MODE
"""

from __future__ import annotations

import numpy as np

from job.prompts.boxes import Mask
from job.prompts.clicks import ClickProtocol, Situation
from job.prompts.draw import Draw
from job.prompts.modes import Point, Prompt, PromptMode, Target

DRAW = Draw(seed=0, image="a", slice=0, task="t")


def situation(
    truth_HW: Mask, prediction_HW: Mask | None = None, clicked: tuple[tuple[int, int], ...] = ()
) -> Situation:
    """Return the situation after some clicks; without a prediction, before the first."""
    return Situation(
        truth_HW=truth_HW,
        labelled_HW=truth_HW,
        prediction_HW=np.zeros_like(truth_HW) if prediction_HW is None else prediction_HW,
        clicked=clicked,
        step=len(clicked) + 1,
        draw=DRAW,
    )


def truths() -> list[Mask]:
    """Return objects of several forms, bool (H, W): a square, a single pixel, a line at the border, two pieces."""
    square_HW, pixel_HW, line_HW, pieces_HW = np.zeros((4, 24, 31), bool)
    square_HW[5:14, 8:17] = pixel_HW[3, 4] = line_HW[0] = pieces_HW[2:9, 2:9] = pieces_HW[15:20, 20:25] = True
    return [square_HW, pixel_HW, line_HW, pieces_HW]


class ProtocolSuite:
    """What a click protocol has to hold. protocol: the protocol."""

    protocol: ClickProtocol

    def test_the_first_click_is_positive_and_on_the_object(self) -> None:
        """Whatever its form, because nothing is predicted: there was no prompt yet, or a box whose mask is empty."""
        for truth_HW in truths():
            click = self.protocol.next_click(situation(truth_HW))
            assert isinstance(click, Point)
            assert click.positive
            assert truth_HW[click.y, click.x]

    def test_a_click_states_its_depth_and_how_many_pixels_tied(self) -> None:
        """At least the pixel itself."""
        for truth_HW in truths():
            click = self.protocol.next_click(situation(truth_HW))
            assert isinstance(click, Point)
            assert (click.depth > 0, click.ties >= 1) == (True, True)

    def test_the_same_situation_has_the_same_click(self) -> None:
        """A rule keeps no state; what it draws by chance comes from `draw`."""
        for truth_HW in truths():
            first, again = (self.protocol.next_click(situation(truth_HW)) for _ in range(2))
            assert first == again

    def test_a_perfect_mask_gets_no_click(self) -> None:
        """The object has converged."""
        for truth_HW in truths():
            assert self.protocol.next_click(situation(truth_HW, truth_HW.copy(), ((0, 0),))) == "converged"

    def test_a_later_click_lies_in_the_image_and_on_an_error(self) -> None:
        """Here one half of the object is missing, and a strip beside it is too much."""
        for truth_HW in truths():
            prediction_HW = np.roll(truth_HW, 3, axis=1)
            if not np.array_equal(prediction_HW, truth_HW):
                click = self.protocol.next_click(situation(truth_HW, prediction_HW, ((0, 0),)))
                assert isinstance(click, Point)
                assert (truth_HW ^ prediction_HW)[click.y, click.x]

    def test_masks_are_left_as_they_are(self) -> None:
        """Other threads read them."""
        for truth_HW in truths():
            given = situation(truth_HW, np.roll(truth_HW, 2, axis=0), ((0, 0),))
            before = given.truth_HW.copy(), given.prediction_HW.copy()
            self.protocol.next_click(given)
            assert np.array_equal(given.truth_HW, before[0])
            assert np.array_equal(given.prediction_HW, before[1])


class ModeSuite:
    """What a mode has to hold. mode: the mode."""

    mode: PromptMode

    def prompts(self, truth_HW: Mask) -> list[Prompt]:
        """Return the prompts of an object."""
        return list(self.mode.prompts(Target(truth_HW), DRAW))

    def test_an_object_gets_at_least_one_call_and_at_most_as_many_as_the_mode_says(self) -> None:
        """Memory is planned for these."""
        for truth_HW in truths():
            assert 1 <= len(self.prompts(truth_HW)) <= self.mode.most_calls

    def test_prompts_have_the_points_and_boxes_that_the_mode_says(self) -> None:
        """A model that takes no points is refused what has points."""
        for truth_HW in truths():
            for prompt in self.prompts(truth_HW):
                assert (bool(prompt.points), prompt.box is not None) == (self.mode.points, self.mode.boxes)

    def test_points_and_boxes_lie_in_the_image(self) -> None:
        """Corners in their order, in whole pixels."""
        for truth_HW in truths():
            height, width = truth_HW.shape
            for prompt in self.prompts(truth_HW):
                for point in prompt.points:
                    assert (0 <= point.x < width, 0 <= point.y < height) == (True, True)
                if prompt.box is not None:
                    x0, y0, x1, y1 = prompt.box
                    assert (0 <= x0 <= x1 < width, 0 <= y0 <= y1 < height) == (True, True)

    def test_positive_points_lie_on_the_object_and_negative_ones_beside_it(self) -> None:
        """A jitter is not the mode's own."""
        for truth_HW in truths():
            for prompt in self.prompts(truth_HW):
                assert all(truth_HW[point.y, point.x] == point.positive for point in prompt.points)

    def test_the_same_object_has_the_same_prompts(self) -> None:
        """A mode keeps no state; what it draws by chance comes from `draw`."""
        for truth_HW in truths():
            assert self.prompts(truth_HW) == self.prompts(truth_HW)

    def test_the_object_is_left_as_it_is(self) -> None:
        """Other threads read it."""
        for truth_HW in truths():
            before_HW = truth_HW.copy()
            self.prompts(truth_HW)
            assert np.array_equal(truth_HW, before_HW)
