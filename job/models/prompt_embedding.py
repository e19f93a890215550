"""SAM's prompt encoder (Kirillov et al. 2023, arXiv 2304.02643, section 3) without waiting for the device.

It runs on the weights of the authors' network and returns the same numbers. Theirs picks points by their labels, for
which a GPU must report how many there are; here every point gets the embedding that its label looks up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import embedding

from job.models.host_copy import send
from job.models.longest_side import LongestSide
from job.models.protocol import Request

NEGATIVE, POSITIVE, FIRST_CORNER, LAST_CORNER, NO_POINT = range(5)
"""Labels of points, and of what is embedded like points: the corners of a box, and the lack of one."""
CENTRE = 0.5
"""Of a pixel, in each coordinate."""


class PromptEmbedding:
    """Embeds prompts, always in float32: in bfloat16 a coordinate would be wrong by pixels.

    network: the authors' `PromptEncoder`. resize: to the square of the image encoder.
    """

    def __init__(self, network: Any, resize: LongestSide, device: torch.device) -> None:
        self._network = network
        self._resize = resize
        self._device = device
        learnt = [*network.point_embeddings, network.not_a_point_embed]
        self._by_label = torch.cat([layer.weight.detach() for layer in learnt])
        self._no_mask: Tensor = network.no_mask_embed.weight.detach().view(1, -1, 1, 1)

    @torch.inference_mode()
    def of_positions(self) -> Tensor:
        """Return the embedding of each position of an image's features: (1, 256, 64, 64)."""
        positions: Tensor = self._network.get_dense_pe()
        return positions

    def placed(self, requests: Sequence[Request]) -> Tensor:
        """Return the points and then the corners of requests with equally many, on the device: float32 (N, K, 3).

        Of each x and y on the encoder's square, from its corner, and a label.
        """
        return send(np.stack([self._placed(request) for request in requests]), self._device)

    def of_points_and_boxes(self, placed_NK3: Tensor) -> Tensor:
        """Return (N, K, 256) from what `placed` returned."""
        coords_NK2, labels_NK = placed_NK3[..., :2], placed_NK3[..., 2].int()
        at_place: Tensor = self._network.pe_layer.forward_with_coords(coords_NK2, self._network.input_image_size)
        learnt: Tensor = embedding(labels_NK, self._by_label)
        points: Tensor = torch.where(labels_NK[..., None] == NO_POINT, learnt, at_place + learnt)
        return points

    def of_mask_inputs(self, masks_N1HW: Tensor | None) -> Tensor:
        """Return (N, 256, 64, 64) from mask inputs; (1, 256, 1, 1), for all requests and places, if there are none."""
        if masks_N1HW is None:
            return self._no_mask
        embedded: Tensor = self._network.mask_downscaling(masks_N1HW)
        return embedded

    def _placed(self, request: Request) -> NDArray[np.float32]:
        """Return (K, 3); without a box the last is NO_POINT."""
        size = request.image.height, request.image.width
        points = _labelled(self._resize.coords(request.points_N2, size), request.labels_N)
        if request.box_4 is None:
            return np.concatenate([points, np.array([[0, 0, NO_POINT]], np.float32)])
        corners = self._resize.coords(request.box_4.reshape(2, 2), size)
        return np.concatenate([points, _labelled(corners, np.array([FIRST_CORNER, LAST_CORNER]))])


def _labelled(coords_K2: NDArray[Any], labels_K: NDArray[Any]) -> NDArray[np.float32]:
    # Half a pixel is added to coordinates of float32, as the authors do: to others it may round otherwise.
    return np.column_stack([coords_K2.astype(np.float32) + np.float32(CENTRE), labels_K]).astype(np.float32)
