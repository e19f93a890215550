"""HQ-SAM (Ke et al. 2023, arXiv 2306.01567): SAM with a further token, whose mask also sees early features.

Its authors' predictor returns one mask: that of SAM and that of the token added, or the token's alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from job.models.device import Device
from job.models.finite import are_finite
from job.models.hub import ONE_MASK
from job.models.hub.memory import Memory
from job.models.hub.model import HubModel
from job.models.hub.network import Kind
from job.models.hub.preprocessing import Preprocessing, read_preprocessing
from job.models.replay import Outputs

HQ_SAM = Kind(name="SamHQ", model_types=("sam_hq",), encoders=("sam_hq_vision_model",))
BASE_BYTES, WIDTH_BYTES, MAPS, REQUEST_BYTES = 896 << 20, 320 << 10, 2, 159 << 20
"""Peak memory of encoding one image of 1024 px, more of it for each channel of a token, copies of the map of all pairs
of tokens, and peak memory of a request."""


def preprocessing_of(network: Any, checkpoint: Path) -> Preprocessing:
    """Return how images are prepared, as the folder says."""
    return read_preprocessing(checkpoint, int(network.config.vision_config.image_size), keeps_shape=True)


def memory_of(network: Any) -> Memory:
    """Estimate the memory of an HQ-SAM by its size."""
    vision = network.config.vision_config
    tokens = (vision.image_size // vision.patch_size) ** 2
    scale = (vision.image_size / 1024) ** 2
    maps = MAPS * vision.num_attention_heads * tokens**2 * 4
    return Memory(
        encode=int(scale * (BASE_BYTES + WIDTH_BYTES * vision.hidden_size)) + maps,
        request=int(scale * REQUEST_BYTES) + (1 << 20),
        low_res=4 * network.config.prompt_encoder_config.image_embedding_size,
    )


class HqSamModel(HubModel):
    """HQ-SAM: the longest side to the encoder's, two maps of features.

    token_only: whether the mask is the token's alone.
    """

    encoding = "hq_sam 1"

    def __init__(self, network: Any, *, preprocessing: Preprocessing, token_only: bool, device: Device) -> None:
        vision, side = network.config.vision_config, network.config.prompt_encoder_config.image_embedding_size
        super().__init__(
            network,
            preprocessing=preprocessing,
            shapes=[(vision.output_channels, side, side), (side, side, vision.hidden_size)],
            memory=memory_of(network),
            capabilities=ONE_MASK,
            device=device,
        )
        self._token_only = token_only

    def embed(self, inputs_N3SS: Tensor) -> Sequence[Tensor]:
        """Return the features, and those after the first block that attends to the whole image."""
        features_NDHW, after_blocks = self.network.get_image_embeddings(inputs_N3SS)
        return [features_NDHW, after_blocks[0]]

    def decoded(
        self, features: Tensor, placed_NK3: Tensor, masks_N1HW: Tensor | None = None, *, multimask: bool, boxes: bool
    ) -> Outputs:
        """Decode a prompt for each image; the network's own axis of objects has one each."""
        features_NDHW, early_NHWD = self.maps(features)
        points_NK3, corners_N23 = (placed_NK3[:, :-2], placed_NK3[:, -2:]) if boxes else (placed_NK3, None)
        any_points = points_NK3.shape[1] > 0
        sparse_N1KD, dense_NDHW = self.network.prompt_encoder(
            input_points=points_NK3[:, None, :, :2] if any_points else None,
            input_labels=points_NK3[:, None, :, 2] if any_points else None,
            input_boxes=None if corners_N23 is None else corners_N23[..., :2].reshape(-1, 1, 4),
            input_masks=masks_N1HW,
        )
        with self.device.autocasting():
            low_res_N1CHW, iou_N1C = self.network.mask_decoder(
                image_embeddings=features_NDHW,
                image_positional_embeddings=self._positions,
                sparse_prompt_embeddings=sparse_N1KD,
                dense_prompt_embeddings=dense_NDHW,
                multimask_output=multimask,
                hq_token_only=self._token_only,
                intermediate_embeddings=[early_NHWD],
            )
        low_res_NCHW, iou_NC = low_res_N1CHW[:, 0].float(), iou_N1C[:, 0].float()
        return low_res_NCHW, iou_NC, are_finite(low_res_NCHW, iou_NC)
