"""The requests of one pass: their common input, and the network's output brought back to each image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

from job.models.click_based.framing import Framing, RowColumnClicks, mirrored, padded
from job.models.click_based.sampling import interpolated, sampled, table
from job.models.finite import are_finite
from job.models.host_copy import send_together

PASTED_PX = 1 << 25
"""Upper bound on the pixels of the images of a group."""


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

    Neighbours with images of equal size are a group; the batch has their inputs, then their mirrored inputs if `flip`,
    then those of the next group. at_once: a group is cropped, and pasted, in a fixed number of steps, as suits a GPU;
    else one member after the other, which a CPU does in fewer operations. All that the host knows goes to the device in
    one copy.
    """

    def __init__(self, members: Sequence[Member], device: torch.device, *, flip: bool, at_once: bool) -> None:
        self.flips = (False, True) if flip else (False,)
        self.groups = [group for _, same in groupby(members, key=_image_size) for group in _limited(list(same))]
        self._at_once = at_once
        sizes_B2 = np.array([m.framing.size for group in self.groups for _ in self.flips for m in group], np.float32)
        self.shape = (int(sizes_B2[:, 0].max()), int(sizes_B2[:, 1].max()))
        self._is_padded = bool((sizes_B2 != self.shape).any())
        tables = [table for group in self.groups for table in self._tables(group)] if at_once else []
        self._sizes_B2, self.points, *self._sent = send_together([sizes_B2, self._placed(sizes_B2), *tables], device)

    @property
    def sizes(self) -> Tensor | None:
        """Rows and columns of each input, or None if all have the batch's."""
        return self._sizes_B2 if self._is_padded else None

    def images(self) -> Tensor:
        """Return the network's images (B, 4, *shape): RGB in [0, 1], and the previous mask's probability."""
        images = [self._images(index) for index in range(len(self.groups))]
        return (torch.cat(images) if len(images) > 1 else images[0]).permute(0, 3, 1, 2)

    def probabilities(self, logits_BHW: Tensor) -> list[Tensor]:
        """Return the probabilities of each group at its images' size: (N, H, W)."""
        counts = [len(group) * len(self.flips) for group in self.groups]
        parts = zip(torch.split(logits_BHW, counts), torch.split(self._sizes_B2, counts), strict=True)
        return [
            self._pasted(self._unmirrored(logits, sizes).sigmoid(), index)
            for index, (logits, sizes) in enumerate(parts)
        ]

    def finite(self, logits_BHW: Tensor) -> list[Tensor]:
        """Return for each member of each group whether its logits are finite: (N,) bool."""
        parts = torch.split(are_finite(logits_BHW), [len(group) * len(self.flips) for group in self.groups])
        return [part.view(len(self.flips), -1).all(dim=0) for part in parts]

    def _placed(self, sizes_B2: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the points of all inputs, in pixels of the input."""
        placed = padded([m.framing.network_clicks(m.clicks) for group in self.groups for m in group])
        inputs, end = [], 0
        for points in np.split(placed, np.cumsum([len(group) for group in self.groups])[:-1]):
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

    def _images(self, index: int) -> Tensor:
        """Return the images of a group: (len(flips) * N, *shape, 4)."""
        group = self.groups[index]
        if not self._at_once:
            return torch.stack([self._image(member, mirrored=flip) for flip in self.flips for member in group])
        rgb_NHWC = torch.stack([m.image_HWC for m in group])
        previous_NHWC = _previous(group)
        if all(m.framing.crop is None for m in group):
            return self._whole(torch.cat([rgb_NHWC / 255, previous_NHWC], dim=3))
        rows, columns = self._sent[4 * index : 4 * index + 2]
        rgb = sampled(rgb_NHWC, rows, columns).div_(255)
        return torch.cat([rgb, sampled(previous_NHWC, rows, columns)], dim=3)

    def _image(self, member: Member, *, mirrored: bool) -> Tensor:
        """Return one network's image (*shape, 4)."""
        rows, columns = member.framing.input_lines(mirrored=mirrored)
        window = slice(rows.source_begin, rows.source_begin + rows.source_length)
        rgb = member.image_HWC[window] / 255
        previous = torch.zeros_like(rgb[..., 0]) if member.previous_HW is None else member.previous_HW[window]
        image_HWC = torch.cat([rgb, previous[..., None]], dim=2)
        return interpolated(image_HWC, rows._replace(source_begin=0), columns, self.shape)

    def _whole(self, images_NHWC: Tensor) -> Tensor:
        """Return whole images with their mirror images, padded to the batch's shape."""
        both = torch.cat([images_NHWC.flip(2) if flip else images_NHWC for flip in self.flips])
        height, width = both.shape[1:3]
        return pad(both, (0, 0, 0, self.shape[1] - width, 0, self.shape[0] - height))

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

    def _pasted(self, probabilities: Tensor, index: int) -> Tensor:
        """Return the probabilities (N, *shape) of a group at its images' size (N, H, W)."""
        group, (height, width) = self.groups[index], _image_size(self.groups[index][0])
        if all(m.framing.is_whole for m in group):
            return probabilities[:, :height, :width]
        if not self._at_once:
            pairs = zip(probabilities[..., None], (m.framing.output_lines() for m in group), strict=True)
            return torch.stack([interpolated(source, *lines, (height, width))[..., 0] for source, lines in pairs])
        return sampled(probabilities[..., None], *self._sent[4 * index + 2 : 4 * index + 4])[..., 0]


def _image_size(member: Member) -> tuple[int, int]:
    return member.framing.height, member.framing.width


def _limited(members: list[Member]) -> list[list[Member]]:
    """Divide members with images of equal size into groups of at most `PASTED_PX`, but of one at least."""
    height, width = _image_size(members[0])
    most = max(1, PASTED_PX // (height * width))
    return [members[start : start + most] for start in range(0, len(members), most)]


def _previous(group: Sequence[Member]) -> Tensor:
    """Return the previous masks' probabilities (N, H, W, 1), zeros where there is none."""
    height, width = _image_size(group[0])
    none = torch.zeros(height, width, device=group[0].image_HWC.device)
    return torch.stack([none if m.previous_HW is None else m.previous_HW for m in group])[..., None]
