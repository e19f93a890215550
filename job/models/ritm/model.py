"""RITM's predictor as its authors run it (Sofiiuk et al. 2021), for batches and without state.

Logits are averaged over a horizontal flip, the mask's probability is fed back, and the input zooms in on the object.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from job.models.device import Device
from job.models.finite import require_finite
from job.models.protocol import Capabilities, EncodedImage, Image, Need, Prediction, Request
from job.models.ritm.capabilities import CAPABILITIES
from job.models.ritm.framing import Framing, RowColumnClicks, mirrored, padded
from job.models.ritm.ocr import Logits
from job.models.ritm.zoom import LONGER_SIDE, Roi, kept_roi, object_roi

MASK_THRESHOLD = 0.49
ZOOM_THRESHOLD = 0.50
"""Probabilities: of the mask, and of the mask that the zoom-in uses; as upstream."""

NETWORK_PX = 16 * 2 * LONGER_SIDE**2
"""Upper bound on the pixels of one pass, flips included: 16 zoomed-in objects. On a CPU a pixel takes about 700 bytes
(HRNet18s) to 1.1 KB (HRNet32): 3.6 to 5.4 GB. Without it, 32 whole images of 1024 x 1024 would take 47 GB."""
OUTPUT_BYTES = 4 + 1
"""Bytes a pixel of one request's prediction: its probability and its mask."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PreviousMask:
    """The mask that is fed back at the next click.

    probability_HW: float32 in [0, 1], at the image's size, on the model's device. roi: the roi that the next
    click keeps if it still fits; None before the first zoom-in.
    """

    probability_HW: Tensor = field(repr=False)
    roi: Roi | None


class RitmModel:
    """A `PromptableModel`. Requests with network inputs of equal size share a pass, up to `NETWORK_PX`.

    network: (image (B, 4, H, W), points (B, 2N, 3)) -> `Logits`, and `bytes_per_px`, as `RitmNetwork`. zoom_in: crop
    to the object from the second click on. flip: average over a horizontal flip. one_pass: run each set of clicks
    without previous mask and zoom-in, and feed nothing back.
    """

    def __init__(
        self,
        network: nn.Module,
        device: Device,
        *,
        zoom_in: bool = True,
        flip: bool = True,
        one_pass: bool = False,
    ) -> None:
        self._device = device
        self._network: Any = network.to(device.device).eval()
        self._zoom_in = zoom_in and not one_pass
        self._flip = flip
        self._one_pass = one_pass

    @property
    def capabilities(self) -> Capabilities:
        """Points, one mask, and the previous mask fed back at every click."""
        return CAPABILITIES

    def encode(self, images: Sequence[Image]) -> list[EncodedImage]:
        """Copy images to the device: features are (3, H, W) uint8. Nothing is computed before the clicks come."""
        return [
            EncodedImage(height=image.shape[0], width=image.shape[1], features=self._on_device(image))
            for image in images
        ]

    def _on_device(self, image_HWC: Image) -> Tensor:
        copied = np.array(image_HWC, order="C")  # torch does not accept the negative strides of flipped slices
        return torch.as_tensor(copied, device=self._device.device).permute(2, 0, 1).contiguous()

    @torch.inference_mode()
    def predict(self, requests: Sequence[Request]) -> list[Prediction]:
        """Return one mask per request, and the `PreviousMask` to feed back (None with `one_pass`)."""
        for request in requests:
            CAPABILITIES.check(request)
        clicks = [RowColumnClicks.of(request) for request in requests]
        previous: list[PreviousMask | None] = [None if self._one_pass else request.mask_input for request in requests]
        framings = self._framings(requests, clicks, previous)
        predictions: dict[int, Prediction] = {}
        for batch in self._batches(framings):
            images = torch.stack(
                [framings[i].network_image(requests[i].image.features, _probability(previous[i])) for i in batch]
            )
            points = padded([framings[i].network_clicks(clicks[i]) for i in batch])
            for i, probability in zip(batch, self._probabilities(images, points), strict=True):
                predictions[i] = self._prediction(framings[i].image_probability(probability), framings[i].target)
        return [predictions[i] for i in range(len(requests))]

    def needs(self, height: int, width: int) -> Need:
        """Estimate the memory for images of this size: the first click's pass sees them whole, later ones a roi."""
        pixels, passes = height * width, 2 if self._flip else 1
        network_px = passes * max(pixels, LONGER_SIDE**2 if self._zoom_in else 0)
        bytes_of_pass = int(network_px * self._network.bytes_per_px)

        def predict(requests: int) -> int:
            in_one_pass = min(requests, max(1, NETWORK_PX // network_px))
            return in_one_pass * bytes_of_pass + requests * pixels * OUTPUT_BYTES

        return Need(encode=6 * pixels, image=3 * pixels, episode=OUTPUT_BYTES * pixels, predict=predict)

    def _batches(self, framings: Sequence[Framing]) -> Iterator[list[int]]:
        """Yield the indices of framings that share a pass: of equal size, at most `NETWORK_PX` together."""
        groups: dict[tuple[int, int], list[int]] = {}
        for index, framing in enumerate(framings):
            groups.setdefault(framing.size, []).append(index)
        for (height, width), members in groups.items():
            most = max(1, NETWORK_PX // (height * width * (2 if self._flip else 1)))
            for start in range(0, len(members), most):
                yield members[start : start + most]

    def _framings(
        self, requests: Sequence[Request], clicks: Sequence[RowColumnClicks], previous: Sequence[PreviousMask | None]
    ) -> list[Framing]:
        """Return the framing of each request: of the whole image at first or if the mask is empty, else of a roi."""
        zooming = {
            i: mask.probability_HW
            for i, mask in enumerate(previous)
            if mask and self._zoom_in and len(clicks[i].positive_N) > 1
        }
        mask_rois = dict(zip(zooming, _mask_rois(list(zooming.values())), strict=True))
        framings = []
        for i, (request, mask) in enumerate(zip(requests, previous, strict=True)):
            height, width = request.image.height, request.image.width
            old = mask.roi if mask else None
            mask_roi, positives = mask_rois.get(i), clicks[i].positives()
            if mask_roi is None:  # upstream resizes the whole image's output into the previous roi, if there is one
                framings.append(Framing(height=height, width=width, crop=None, target=old))
            else:
                roi = kept_roi(old, object_roi(mask_roi, positives, height, width), positives)
                framings.append(Framing(height=height, width=width, crop=roi, target=roi))
        return framings

    def _probabilities(self, images: Tensor, points_B2N3: NDArray[np.float32]) -> Tensor:
        """Run the network on images (B, 4, H, W) and their points; return probabilities (B, H, W)."""
        if self._flip:
            images = torch.cat([images, images.flip(3)])
            points_B2N3 = np.concatenate([points_B2N3, mirrored(points_B2N3, images.shape[3])])
        points = torch.from_numpy(points_B2N3).to(self._device.device)
        with self._device.autocasting():
            outputs: Logits = self._network(images, points)
        logits = outputs.instances[:, 0].float()
        require_finite(self._device, logits)
        if self._flip:
            original, flipped = logits.chunk(2)
            logits = 0.5 * (original + flipped.flip(2))
        return logits.sigmoid()

    def _prediction(self, probability_HW: Tensor, roi: Roi | None) -> Prediction:
        fed_back = None if self._one_pass else PreviousMask(probability_HW=probability_HW, roi=roi)
        mask_HW = probability_HW > MASK_THRESHOLD
        return Prediction(masks_CHW=mask_HW[None], predicted_iou_C=None, mask_inputs_C=[fed_back])


def _probability(previous: PreviousMask | None) -> Tensor | None:
    return previous.probability_HW if previous else None


def _mask_rois(probabilities: Sequence[Tensor]) -> list[Roi | None]:
    """Return the tight roi of each map (H, W) above ZOOM_THRESHOLD, None if it is empty; one transfer for all maps."""
    if not probabilities:
        return []
    profiles = torch.cat([torch.cat([p.amax(dim=1), p.amax(dim=0)]) for p in probabilities]).cpu().numpy()
    rois: list[Roi | None] = []
    start = 0
    for height, width in (p.shape for p in probabilities):
        rows = np.flatnonzero(profiles[start : start + height] > ZOOM_THRESHOLD)
        start += height
        columns = np.flatnonzero(profiles[start : start + width] > ZOOM_THRESHOLD)
        start += width
        rois.append(Roi(int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1])) if len(rows) else None)
    return rois
