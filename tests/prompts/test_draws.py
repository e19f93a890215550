"""Which of equally deep pixels is drawn, for each prompt: the hash of seed, image, slice, task, step and component."""

import hashlib

import numpy as np
import pytest

from job.prompts.clicks import Situation, click_protocol
from job.prompts.draw import Draw
from job.prompts.modes import Target, prompt_mode

DRAW = Draw(seed=3, image="a.png", slice=7, task="disc")
LINES = np.zeros((5, 60), np.bool_)
LINES[1, :50] = LINES[3, :40] = True
"""Two lines of 50 and 40 pixels, each of which is equally deep."""


def drawn(count, step, component):
    """Return the number that the hash gives among `count`."""
    digest = hashlib.sha256(f'[3, "a.png", 7, "disc", {step}, {component}]'.encode()).hexdigest()
    return int(digest, 16) % count


def test_the_component_is_0_unless_given():
    """One of several components has its own number."""
    assert DRAW.below(1000, step=2) == DRAW.below(1000, step=2, component=0) == drawn(1000, 2, 0)


def test_modes_draw_at_step_1_for_each_component_from_0():
    """The largest component is number 0 in both modes, so both click the same pixel of it."""
    (largest,), (each,) = (prompt_mode(name).prompts(Target(LINES), DRAW) for name in ("largest_point", "each_point"))
    first, second = (drawn(50, 1, 0), 1), (drawn(40, 1, 1), 3)
    assert [(point.x, point.y) for point in largest.points] == [first]
    assert [(point.x, point.y) for point in each.points] == [first, second]


@pytest.mark.parametrize("step", [1, 2, 9])
@pytest.mark.parametrize("protocol", ["mazurowski2023", "mazurowski2023-corrected"])
def test_published_clicks_draw_at_their_own_step(protocol, step):
    """From the pixels of the whole error, so the component is 0."""
    nothing, line = np.zeros_like(LINES), LINES & (np.arange(5) == 1)[:, None]
    click = click_protocol(protocol).next_click(
        Situation(truth_HW=line, labelled_HW=line, prediction_HW=nothing, clicked=(), step=step, draw=DRAW)
    )
    assert (click.x, click.y, click.ties) == (drawn(50, step, 0), 1, 50)
