"""The requests of one pass: their common input, and the network's output brought back to each image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

from job.models.finite import are_finite
from job.models.host_copy import send_together
from job.models.ritm.framing import Framing, RowColumnClicks, mirrored, padded
from job.models.ritm.sampling import sampled, table


@dataclass(frozen=True, kw_only=True, eq=False)
class Member:
    """One request of a pass.

    image_HWC: uint8, on the device. clicks: in pixels of the image. previous_HW: the previous mask's probability.
    """

    image_HWC: Tensor
    framing: Framing
    clicks: RowColumnClicks
    previous_HW: Tensor | None


class Batch:
    """One pass. Inputs of different sizes are padded, right and below.

    Members with images of equal size are a group; the batch has their inputs, then their mirrored inputs if `flip`, then
    those of the next group. All that the host knows of them goes to the device in one copy.
    """

    def __init__(self, members: Sequence[Member], device: torch.device, *, flip: bool) -> None:
        self.flips = (False, True) if flip else (False,)
        self.groups = [list(group) for _, group in groupby(members, key=_image_size)]
        self._device = device
        sizes_B2 = np.array([m.framing.size for group in self.groups for _ in self.flips for m in group], np.float32)
        self.shape = (int(sizes_B2[:, 0].max()), int(sizes_B2[:, 1].max()))
        self._is_padded = bool((sizes_B2 != self.shape).any())
        tables = [table for group in self.groups for table in self._tables(group)]
        self._sizes_B2, self.points, *self._sent = send_together([sizes_B2, self._placed(sizes_B2), *tables], device)

    @property
    def sizes_B2(self) -> Tensor | None:
        """Rows and columns of each input, or None if all have the batch's."""
        return self._sizes_B2 if self._is_padded else None

    def images(self) -> Tensor:
        """Return the network's images (B, 4, *shape): RGB in [0, 1], and the previous mask's probability."""
        images = [self._images(group, index) for index, group in enumerate(self.groups)]
        return torch.cat(images) if len(images) > 1 else images[0]

    def probabilities(self, logits_BHW: Tensor) -> list[Tensor]:
        """Return the probabilities of each group at its images' size: (N, H, W)."""
        counts = [len(group) * len(self.flips) for group in self.groups]
        parts = zip(logits_BHW.split(counts), self._sizes_B2.split(counts), strict=True)
        return [
            self._pasted(self._unmirrored(logits, sizes).sigmoid(), group, index)
            for index, (group, (logits, sizes)) in enumerate(zip(self.groups, parts, strict=True))
        ]

    def finite(self, logits_BHW: Tensor) -> list[Tensor]:
        """Return for each member of each group whether its logits are finite: (N,) bool."""
        parts = are_finite(logits_BHW).split([len(group) * len(self.flips) for group in self.groups])
        return [part.view(len(self.flips), -1).all(dim=0) for part in parts]

    def _placed(self, sizes_B2: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the points of all inputs, in pixels of the input."""
        placed = padded([m.framing.network_clicks(m.clicks) for group in self.groups for m in group])
        counts = [len(group) for group in self.groups]
        inputs, end = [], 0
        for points in np.split(placed, np.cumsum(counts)[:-1]):
            for flip in self.flips:
                widths = sizes_B2[end : end + len(points), 1]
                inputs.append(mirrored(points, widths) if flip else points)
                end += len(points)
        return np.concatenate(inputs)

    def _tables(self, group: Sequence[Member]) -> list[NDArray[np.float32]]:
        """Return where the pixels of the inputs, and of the outputs, are sampled: rows and columns of each."""
        inputs = [m.framing.input_lines(mirrored=flip) for flip in self.flips for m in group]
        outputs = [m.framing.output_lines() for m in group]
        pairs = ((inputs, self.shape), (outputs, _image_size(group[0])))
        return [table([line[axis] for line in lines], shape[axis]) for lines, shape in pairs for axis in (0, 1)]

    def _images(self, group: Sequence[Member], index: int) -> Tensor:
        rgb_NHWC = torch.stack([m.image_HWC for m in group])
        previous_NHWC = _previous(group)
        rows, columns = self._sent[4 * index : 4 * index + 2]
        rgb = sampled(rgb_NHWC, rows, columns).div_(255)
        if previous_NHWC is None:
            previous = rgb.new_zeros((*rgb.shape[:3], 1))
        else:
            previous = sampled(previous_NHWC, rows, columns)
        return torch.cat([rgb, previous], dim=3).permute(0, 3, 1, 2)

    def _unmirrored(self, logits_BHW: Tensor, sizes_B2: Tensor) -> Tensor:
        """Return the mean of each input's logits and those of its mirror image: (N, *shape)."""
        if len(self.flips) == 1:
            return logits_BHW
        original, flipped = logits_BHW.chunk(2)
        if self._is_padded:
            widths = sizes_B2[: len(original), 1].long()
            columns = (widths[:, None] - 1 - torch.arange(self.shape[1], device=widths.device)).clamp_(min=0)
            return 0.5 * (original + flipped.gather(2, columns[:, None].expand_as(flipped)))
        return 0.5 * (original + flipped.flip(2))

    def _pasted(self, probability: Tensor, group: Sequence[Member], index: int) -> Tensor:
        """Return probabilities (N, *shape) at the images' size (N, H, W)."""
        height, width = _image_size(group[0])
        if all(m.framing.is_whole for m in group):
            return probability[:, :height, :width]
        rows, columns = self._sent[4 * index + 2 : 4 * index + 4]
        return sampled(probability[..., None], rows, columns)[..., 0]


def _image_size(member: Member) -> tuple[int, int]:
    return member.framing.height, member.framing.width


def _previous(group: Sequence[Member]) -> Tensor | None:
    """Return the previous masks' probabilities (N, H, W, 1), zeros where there is none; None if no member has any."""
    known = [m.previous_HW for m in group if m.previous_HW is not None]
    if not known:
        return None
    none = torch.zeros_like(known[0])
    return torch.stack([none if m.previous_HW is None else m.previous_HW for m in group])[..., None]
