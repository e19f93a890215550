"""The predictor of click-based networks as Sofiiuk et al. 2021 run it, for batches and without state.

Logits are averaged over a horizontal flip, the mask's probability is fed back, and the input zooms in on the object.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from job.models.click_based.batch import PASTED_PX, Batch, Member
from job.models.click_based.capabilities import CAPABILITIES
from job.models.click_based.feedback import PreviousMask, tight_bounds
from job.models.click_based.framing import RowColumnClicks
from job.models.click_based.network import ClickNetwork
from job.models.click_based.passes import equal, similar
from job.models.click_based.zoom import Zoom
from job.models.device import Device
from job.models.host_copy import HostCopy, send_together
from job.models.protocol import Capabilities, EncodedImage, Image, Need, Prediction, Request, check_image

MASK_THRESHOLD = 0.49
"""Probability of the mask, as upstream."""

NETWORK_PX = 16 * 2 * 400**2
"""Upper bound on the pixels of one pass, flips included: 16 objects to which RITM zooms in. On a CPU a pixel takes
about 700 bytes (HRNet18s) to 1.1 KB (HRNet32): 3.6 to 5.4 GB. Without it, 32 whole images of 1024 x 1024 would take 47
GB."""
SHARE_OF_GPU = 8
"""A pass may take one part in so many of a GPU's memory, if that is more."""
ENCODE_BATCH = 16
"""Images that are copied in one go."""
OUTPUT_BYTES, PASTED_BYTES = 4 + 1, 40
"""Bytes a pixel of one request's prediction, its probability and its mask, and of those cropped or pasted at once."""
CROPPED_BYTES = 64
"""Bytes a pixel of an image that is larger than the network's input, while it is cropped on a CPU. Measured:
benchmarks/memory_by_model_cpu_202611.md."""


class Group(NamedTuple):
    """Requests of one pass on images of one size."""

    indices: list[int]
    probabilities_NHW: Tensor
    finite_N: Tensor


class ClickBasedModel:
    """A `PromptableModel`.

    zoom: which part of an image the network sees. flip: average over a horizontal flip. one_pass: run each set of
    clicks without previous mask, and feed nothing back. at_once: whether requests of similar size share a pass, padded,
    else those of equal size; and whether they are cropped and pasted together. None: on a GPU, where a pass of many
    takes little longer than one of few. A CPU gains nothing.
    """

    def __init__(
        self,
        network: ClickNetwork,
        device: Device,
        *,
        zoom: Zoom,
        flip: bool = True,
        one_pass: bool = False,
        at_once: bool | None = None,
    ) -> None:
        self._device = device
        self._network: ClickNetwork = network.to(device.device).eval()
        self._zoom = zoom
        self._flip = flip
        self._one_pass = one_pass
        self._at_once = device.device.type == "cuda" if at_once is None else at_once
        self._most_px = self._pass_px(device.device) // (2 if flip else 1)

    @property
    def capabilities(self) -> Capabilities:
        """Points, one mask, and the previous mask fed back at every click."""
        return CAPABILITIES

    @property
    def encode_batch(self) -> int:
        """The number of images that are copied in one go."""
        return ENCODE_BATCH

    def prepare(self, image_HWC: Image) -> Image:
        """Check an image and make it contiguous. Any thread may do so."""
        check_image(image_HWC)
        return np.ascontiguousarray(image_HWC)

    def encode(self, prepared: Sequence[Image]) -> list[EncodedImage]:
        """Copy images to the device: features are (H, W, 3) uint8. Nothing is computed before the clicks come."""
        on_device = send_together(prepared, self._device.device)
        return [
            EncodedImage(height=image.shape[0], width=image.shape[1], features=features)
            for image, features in zip(prepared, on_device, strict=True)
        ]

    @torch.inference_mode()
    def predict(self, requests: Sequence[Request]) -> list[Prediction]:
        """Return one mask per request, and the `PreviousMask` to feed back (None with `one_pass`)."""
        for request in requests:
            CAPABILITIES.check(request)
        members = [self._member(request) for request in requests]
        divide = similar if self._at_once else equal
        predicted: list[Group] = []
        for indices in divide([m.framing.size for m in members], self._most_px):
            indices.sort(key=lambda i: (members[i].framing.height, members[i].framing.width))
            predicted += self._run(indices, members)
        return self._predictions(members, predicted)

    def needs(self, height: int, width: int) -> Need:
        """Estimate the memory for images of this size: a click's pass sees them whole, or a roi."""
        pixels, flips = height * width, 2 if self._flip else 1
        input_px = self._zoom.largest_px(height, width)
        together_px = max(pixels, PASTED_PX) if self._at_once else 0
        cropped_bytes = CROPPED_BYTES * pixels if input_px < pixels else 0

        def predict(requests: int) -> int:
            in_one_pass = min(requests, max(1, self._most_px // input_px))
            pass_bytes = in_one_pass * int(flips * input_px * self._network.bytes_per_px)
            pasted_bytes = PASTED_BYTES * min(requests * pixels, together_px)
            return max(pass_bytes, cropped_bytes) + pasted_bytes + requests * pixels * OUTPUT_BYTES

        return Need(encode=6 * pixels, image=3 * pixels, episode=OUTPUT_BYTES * pixels, predict=predict)

    def _pass_px(self, device: torch.device) -> int:
        """Return the most pixels of a pass, flips included: the same on all devices of a kind."""
        if device.type != "cuda":
            return NETWORK_PX
        memory = torch.cuda.get_device_properties(device).total_memory
        return max(NETWORK_PX, int(memory / SHARE_OF_GPU / self._network.bytes_per_px))

    def _member(self, request: Request) -> Member:
        clicks = RowColumnClicks.of(request)
        previous: PreviousMask | None = None if self._one_pass else request.mask_input
        return Member(
            image_HWC=request.image.features,
            framing=self._zoom.framing(request.image.height, request.image.width, clicks, previous),
            clicks=clicks,
            previous_HW=previous.probability_HW if previous else None,
        )

    def _run(self, indices: Sequence[int], members: Sequence[Member]) -> list[Group]:
        """Run the network on some members and return the groups of the pass."""
        batch = Batch([members[i] for i in indices], self._device.device, flip=self._flip, at_once=self._at_once)
        with self._device.autocasting():
            logits = self._network.object_logits(batch.images(), batch.points, batch.sizes)[:, 0].float()
        remaining = iter(indices)
        groups = [list(islice(remaining, len(group))) for group in batch.groups]
        return list(map(Group, groups, batch.probabilities(logits), batch.finite(logits)))

    def _predictions(self, members: Sequence[Member], predicted: Sequence[Group]) -> list[Prediction]:
        bounds = None
        if self._zoom.follows_mask and predicted:
            bounds = HostCopy(torch.cat([tight_bounds(group.probabilities_NHW) for group in predicted]))
        predictions: dict[int, Prediction] = {}
        for indices, probabilities, finite in predicted:
            masks = probabilities > MASK_THRESHOLD
            for i, probability_HW, mask_HW, is_finite in zip(indices, probabilities, masks, finite, strict=True):
                fed_back = PreviousMask(
                    probability_HW=probability_HW, roi=members[i].framing.target, bounds=bounds, index=len(predictions)
                )
                predictions[i] = Prediction(
                    masks_CHW=mask_HW[None],
                    predicted_iou_C=None,
                    mask_inputs_C=[None if self._one_pass else fed_back],
                    finite=is_finite,
                )
        return [predictions[i] for i in range(len(members))]
