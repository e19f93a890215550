"""What is shown of an image: one array of values, or three files as red, green and blue. Each has a rule of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from job.datasets import intensity
from job.errors import DataError
from job.study.intensity import Intensity, joined_label

Levels = tuple[float, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Channel:
    """The values of one file, as an image or one channel of it.

    colour: red, green or blue; "" for a file that is the whole image. values: HxW[x3] or XYZ; of a channel, HxW or XYZ.
    rule: the intensity rule in the numbers of the file. label: as stored in the rows.
    """

    colour: str
    values: NDArray[Any]
    rule: Intensity
    label: str

    def volume_levels(self) -> Levels | None:
        """Return the values that become 0 and 255 in the whole volume; None for a rule `per: slice`."""
        with _named(self):
            return intensity.levels(self.values, self.rule) if self.rule.per == "volume" else None

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self.colour} channel" if self.colour else "image"


def label_of(channels: Sequence[Channel]) -> str:
    """Return the intensity rules of an image as stored in the rows."""
    return joined_label([channel.label for channel in channels])


def to_rgb(planes: Sequence[Channel], levels: Sequence[Levels | None]) -> NDArray[np.uint8]:
    """Convert the planes of one image to uint8 RGB, HxWx3. levels: of each plane's volume, or None."""
    shown = [_shown(plane, own) for plane, own in zip(planes, levels, strict=True)]
    return shown[0] if len(shown) == 1 else np.stack([each_HWC[..., 0] for each_HWC in shown], axis=-1)


def with_values(channel: Channel, values: NDArray[Any]) -> Channel:
    """Return a channel with other values, such as those of one slice."""
    return replace(channel, values=values)


def _shown(plane: Channel, levels: Levels | None) -> NDArray[np.uint8]:
    with _named(plane):
        return intensity.to_rgb(plane.values, plane.rule, levels)


@contextmanager
def _named(channel: Channel) -> Iterator[None]:
    """Name the channel, of several, in an error about values that is raised in this context."""
    try:
        yield
    except DataError as error:
        raise DataError(error.reason, f"{channel.colour}: {error.detail}" if channel.colour else error.detail) from None
