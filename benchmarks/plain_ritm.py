"""RITM's predictor for one object, one click at a time: the reference of the speed benchmarks."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from job.models.ritm.framing import Framing, RowColumnClicks, mirrored, padded
from job.models.ritm.load import ritm_network
from job.models.ritm.zoom import Roi, kept_roi, object_roi
from job.storage import local_path

MASK_THRESHOLD, ZOOM_THRESHOLD = 0.49, 0.50


class RitmPredictor:
    """Takes all clicks on an object so far; keeps the last mask, which is fed back, until `reset`."""

    def __init__(self, checkpoint: str, arch: str, device: torch.device) -> None:
        path = local_path(checkpoint)
        assert path is not None  # noqa: S101
        self.network, self.device = ritm_network(path, arch).to(device).eval(), device

    def set_image(self, image: NDArray[np.uint8]) -> None:
        """Copy an image to the device."""
        self.image_CHW = torch.tensor(image).permute(2, 0, 1).contiguous().to(self.device)
        self.reset()

    def reset(self) -> None:
        """Forget the last mask and its region: the next click is the first on an object."""
        self.previous_HW: Tensor | None = None
        self.roi: Roi | None = None

    @torch.no_grad()
    def predict(self, *, point_coords: Any, point_labels: Any, **_: Any) -> tuple[NDArray[np.bool_], None, None]:
        """Return the mask after these clicks, bool (1, H, W)."""
        clicks = RowColumnClicks(rows_columns_N2=point_coords[:, ::-1].astype(np.float64), positive_N=point_labels == 1)
        framing = self._framing(clicks)
        image = framing.network_image(self.image_CHW, self.previous_HW)[None]
        points = padded([framing.network_clicks(clicks)])
        both = torch.cat([image, image.flip(3)])
        both_points = torch.tensor(np.concatenate([points, mirrored(points, image.shape[3])])).to(self.device)
        original, flipped = self.network(both, both_points).instances[:, 0]
        probability = (0.5 * (original + flipped.flip(1))).sigmoid()
        self.previous_HW, self.roi = framing.image_probability(probability), framing.target
        return self.previous_HW.cpu().numpy()[None] > MASK_THRESHOLD, None, None

    def _framing(self, clicks: RowColumnClicks) -> Framing:
        """Return the whole image at the first click, or if the last mask is empty; else a region about the object."""
        height, width = self.image_CHW.shape[1:]
        above = None if self.previous_HW is None else self.previous_HW.cpu().numpy() > ZOOM_THRESHOLD
        if above is None or len(clicks.positive_N) < 2 or not above.any():
            return Framing(height=height, width=width, crop=None, target=self.roi)
        rows, columns = np.flatnonzero(above.any(axis=1)), np.flatnonzero(above.any(axis=0))
        mask_roi = Roi(int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1]))
        positives = clicks.positives()
        roi = kept_roi(self.roi, object_roi(mask_roi, positives, height, width), positives)
        return Framing(height=height, width=width, crop=roi, target=roi)
