"""The conformance suite of click protocols, for those of other packages as for our own. It needs pytest.

A package's test module subclasses `ProtocolSuite`, whose names pytest finds:

    class TestMyProtocol(ProtocolSuite):
        protocol = PROTOCOL
"""

from __future__ import annotations

import numpy as np

from job.prompts.boxes import Mask
from job.prompts.clicks import ClickProtocol, Situation
from job.prompts.draw import Draw
from job.prompts.modes import Point

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
