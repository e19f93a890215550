"""RITM's predictor for one object behind the interface of SAM's: the plain loop of `ritm_clicks`, with a stored network."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.ritm_clicks import PlainLoop
from job.models.click_based.framing import RowColumnClicks
from job.models.click_based.model import MASK_THRESHOLD
from job.models.device import Device
from job.models.ritm.load import ritm_network
from job.storage import local_path


class RitmPredictor:
    """Takes all clicks on an object so far; keeps its last mask, which is fed back, until `reset`."""

    def __init__(self, checkpoint: str, arch: str, device: torch.device) -> None:
        path = local_path(checkpoint)
        assert path is not None  # noqa: S101
        self.loop, self.device = PlainLoop(ritm_network(path, arch), Device(device=device)), device

    def set_image(self, image: NDArray[np.uint8]) -> None:
        """Copy an image to the device."""
        self.image_CHW = torch.from_numpy(image).to(self.device).permute(2, 0, 1).contiguous()
        self.reset()

    def reset(self) -> None:
        """Forget the last mask and its region: the next click is the first on an object."""
        self.last: Any = None

    def predict(self, *, point_coords: Any, point_labels: Any, **_: Any) -> tuple[NDArray[np.bool_], None, None]:
        """Return the mask after these clicks, bool (1, H, W)."""
        clicks = RowColumnClicks(rows_columns_N2=point_coords[:, ::-1].astype(np.float64), positive_N=point_labels == 1)
        self.last = self.loop.click(self.image_CHW, clicks, self.last)
        return (self.last[0] > MASK_THRESHOLD).cpu().numpy()[None], None, None
