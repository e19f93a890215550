"""A mode of another package: the tight box of the object, and a point in its largest component, in one call."""

from job.prompts.boxes import tight_box
from job.prompts.modes import Prompt, PromptMode, largest_point


def box_and_point(target, draw):
    """Return the prompts of an object, each for a call of the model."""
    (point,) = largest_point(target, draw)
    return [Prompt(points=point.points, box=tight_box(target.truth_HW))]


MODE = PromptMode(name="box_and_point", prompts=box_and_point, points=True, boxes=True)
