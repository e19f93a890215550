"""Models around the networks of `transformers` that descend from Segment Anything, by Kirillov et al. 2023.

The networks are the authors' as `transformers` has them; the batching is this project's. All maps that an image's
encoding consists of are kept as one tensor, so that it can be stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from job.errors import DataError
from job.models.cast import cast_products
from job.models.device import Device
from job.models.encode_batch import encode_batch
from job.models.grouping import batches
from job.models.host_copy import send
from job.models.hub.memory import Memory, needs_of
from job.models.hub.preprocessing import Preprocessing
from job.models.mask_predicting import MaskPredictingModel
from job.models.prepared import Prepared, on_squares
from job.models.prompt_embedding import FIRST_CORNER, LAST_CORNER
from job.models.protocol import Capabilities, EncodedImage, Image, Need, Request, check_image

Shapes = Sequence[tuple[int, ...]]


class HubModel(MaskPredictingModel):
    """A `PromptableModel` around a network with `vision_encoder`, `prompt_encoder` and `mask_decoder`.

    shapes: of the maps of an image's encoding. memory: what encoding an image and decoding a request take.
    """

    encoding: str
    """The name of preparation and encoder, see `job.models.embedding`."""

    def __init__(
        self,
        network: Any,
        *,
        preprocessing: Preprocessing,
        shapes: Shapes,
        memory: Memory,
        capabilities: Capabilities,
        device: Device,
    ) -> None:
        super().__init__(side=preprocessing.side, capabilities=capabilities, device=device)
        self.network = network.to(device.device).eval()
        for part in (network.vision_encoder, network.mask_decoder):
            cast_products(part, device.autocast)
        self.preprocessing, self.shapes, self._memory = preprocessing, shapes, memory
        self.encode_batch = encode_batch(device.device, memory.encode)
        with torch.inference_mode():
            self._positions: Tensor = network.get_image_wide_positional_embeddings()

    def embed(self, inputs_N3SS: Tensor) -> Sequence[Tensor]:
        """Run the image encoder; return its maps, (N, *shape) for each of `shapes`."""
        raise NotImplementedError

    def prepare(self, image_HWC: Image) -> Prepared:
        """Do the host's part of encoding, in any thread. Raise DataError if a side has no pixel left when resized."""
        check_image(image_HWC)
        height, width = image_HWC.shape[:2]
        size = self.preprocessing.size(height, width) if min(height, width) > 0 else (0, 0)
        if min(size) < 1:
            raise DataError("image too narrow", f"{height}x{width} px: one side has no pixel left when resized")
        pixels_HWC = self.preprocessing.resized(image_HWC)
        return Prepared(height=height, width=width, size=size, pixels_HWC=pixels_HWC)

    @torch.inference_mode()
    def encode(self, prepared: Sequence[Prepared]) -> list[EncodedImage]:
        """Encode images of any sizes, `encode_batch` at a time."""
        features = [
            torch.cat([map_.reshape(-1).float() for map_ in maps])
            for batch in batches(prepared, self.encode_batch)
            for maps in zip(*self._embedded(batch), strict=True)
        ]
        return [
            EncodedImage(height=image.height, width=image.width, features=flat)
            for image, flat in zip(prepared, features, strict=True)
        ]

    def encoder_input(self, prepared: Sequence[Prepared]) -> Tensor:
        """Return images as the encoder takes them, with zeros beside them: float32, (N, 3, S, S), on the device."""
        pixels_N3SS, inside_N1SS = on_squares(prepared, self.side, self.device.device, lambda images, *_: images)
        return self.preprocessing.normalised(pixels_N3SS).masked_fill(~inside_N1SS, 0)

    def needs(self, height: int, width: int) -> Need:
        """Estimate the memory for images of this size."""
        candidates = 3 if self.capabilities.multimask else 1
        image = sum(map(prod, self.shapes)) * torch.float32.itemsize
        return needs_of(self._memory, self.encode_batch, image, self.side, candidates, height * width)

    def placed(self, requests: Sequence[Request]) -> Tensor:
        """Return points and then corners on the encoder's square: float32 (N, K, 3), x, y and a label."""
        return send(np.stack([self._placed(request) for request in requests]), self.device.device)

    def upscale(self, low_res_NCHW: Tensor, height: int, width: int) -> Tensor:
        """Resize logits to an image's own size, after cropping the padding if there is any; bilinear."""
        if self.preprocessing.keeps_shape:
            low_res_NCHW = interpolate(low_res_NCHW, (self.side, self.side), mode="bilinear", align_corners=False)
            rows, columns = self.preprocessing.size(height, width)
            low_res_NCHW = low_res_NCHW[..., :rows, :columns]
        return interpolate(low_res_NCHW, (height, width), mode="bilinear", align_corners=False)

    def maps(self, features: Tensor) -> list[Tensor]:
        """Return the maps of images, (N, *shape) for each of `shapes`, from what `encode` made of them, (N, F)."""
        parts = torch.split(features, [prod(shape) for shape in self.shapes], dim=1)
        return [part.view(-1, *shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def _embedded(self, prepared: Sequence[Prepared]) -> Sequence[Tensor]:
        inputs_N3SS = self.encoder_input(prepared)
        with self.device.autocasting():
            return self.embed(inputs_N3SS)

    def _placed(self, request: Request) -> NDArray[np.float32]:
        """Return (K, 3): coordinates are scaled in float32, as the authors' processor does."""
        height, width = request.image.height, request.image.width
        rows, columns = self.preprocessing.size(height, width)
        corners_K2 = np.empty((0, 2)) if request.box_4 is None else request.box_4.reshape(2, 2)
        coords_K2 = np.concatenate([request.points_N2, corners_K2]).astype(np.float32)
        scaled_K2 = coords_K2 * np.array([columns / width, rows / height], np.float32)
        labels_K = [*request.labels_N, *([] if request.box_4 is None else [FIRST_CORNER, LAST_CORNER])]
        return np.column_stack([scaled_K2, labels_K]).astype(np.float32)
