"""SAM 2 and 2.1 on images (Ravi et al. 2024, arXiv 2408.00714), and networks with the same prompt encoder and decoder.

The authors' image predictor adds to the image's features the embedding that says that there is no memory, and clamps
the logits that it returns for the next click.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from job.models.checkpoint import COMPARE, LOAD
from job.models.device import Device
from job.models.finite import are_finite
from job.models.hub import AS_SAM
from job.models.hub.memory import Memory
from job.models.hub.model import HubModel
from job.models.hub.network import Kind, load_folder
from job.models.hub.preprocessing import Preprocessing, read_preprocessing
from job.models.replay import Outputs

SAM2 = Kind(
    name="Sam2",
    model_types=("sam2", "sam2_video"),
    of_videos=("sam2_video",),
    encoders=("sam2_vision_model", "sam2_hiera_det_model"),
)
MOST_LOGIT = 32.0
"""Largest absolute logit of a mask input, by the authors' image predictor."""
ENCODE_BYTES, CHANNEL_BYTES, REQUEST_BYTES = 304 << 20, 4 << 20, 72 << 20
"""Peak memory of encoding one image of 1024 px, more of it for each channel of the first stage, and of a request."""


def preprocessing_of(network: Any, checkpoint: Path) -> Preprocessing:
    """Return how images are prepared: as a folder says, and by the authors' numbers for a file; ImageNet's both."""
    side = int(network.prompt_encoder.input_image_size)
    if not checkpoint.is_dir():
        return Preprocessing(side=side, keeps_shape=False)
    return read_preprocessing(checkpoint, side, keeps_shape=False)


def memory_of(network: Any) -> Memory:
    """Estimate the memory of a SAM 2 by its size."""
    return scaled_memory(
        network, ENCODE_BYTES + CHANNEL_BYTES * network.config.vision_config.backbone_config.hidden_size
    )


def scaled_memory(network: Any, encode_bytes: int, request_bytes: int = REQUEST_BYTES) -> Memory:
    """Return the memory of a network with SAM 2's decoder.

    encode_bytes, request_bytes: of encoding an image and of a request, were masks of low resolution 256 px wide.
    """
    low_res = network.prompt_encoder.mask_input_size[0]
    scale = (low_res / 256) ** 2
    return Memory(encode=int(scale * encode_bytes), request=int(scale * request_bytes) + (1 << 20), low_res=low_res)


class Sam2Model(HubModel):
    """SAM 2: both sides to the encoder's, three maps of features, boxes as two labelled points."""

    def __init__(self, network: Any, *, preprocessing: Preprocessing, memory: Memory, encoding: str, device: Device):
        vision = network.config.vision_config
        channels = vision.fpn_hidden_size
        by_level = (channels // 8, channels // 4, channels)
        shapes = [(each, *size) for each, size in zip(by_level, vision.backbone_feature_sizes, strict=True)]
        self.encoding = encoding
        super().__init__(
            network,
            preprocessing=preprocessing,
            shapes=shapes,
            memory=memory,
            capabilities=AS_SAM,
            device=device,
        )

    def embed(self, inputs_N3SS: Tensor) -> Sequence[Tensor]:
        """Return features at a quarter, an eighth and a sixteenth of the square's side."""
        maps: Sequence[Tensor] = self.network.get_image_embeddings(inputs_N3SS)
        return maps

    def decoded(
        self, features: Tensor, placed_NK3: Tensor, masks_N1HW: Tensor | None = None, *, multimask: bool, boxes: bool
    ) -> Outputs:
        """Decode a prompt for each image; the network's own axis of objects has one each."""
        *fine, coarse_NDHW = self.maps(features)
        sparse_N1KD, dense_NDHW = self.network.prompt_encoder(
            input_points=placed_NK3[:, None, :, :2],
            input_labels=placed_NK3[:, None, :, 2].long(),
            input_boxes=None,
            input_masks=masks_N1HW,
        )
        with self.device.autocasting():
            low_res_N1CHW, iou_N1C, *_ = self.network.mask_decoder(
                image_embeddings=coarse_NDHW,
                image_positional_embeddings=self._positions,
                sparse_prompt_embeddings=sparse_N1KD,
                dense_prompt_embeddings=dense_NDHW,
                multimask_output=multimask,
                high_resolution_features=fine,
            )
        low_res_NCHW, iou_NC = low_res_N1CHW[:, 0].float(), iou_N1C[:, 0].float()
        return low_res_NCHW, iou_NC, are_finite(low_res_NCHW, iou_NC)

    def mask_inputs(self, low_res_CHW: Tensor) -> Sequence[Tensor | None]:
        """Return the mask input of each candidate: its low-resolution logits, 1 x h x w, clamped."""
        return super().mask_inputs(low_res_CHW.clamp(-MOST_LOGIT, MOST_LOGIT))


def model_of_folder(
    checkpoint: Path, kind: Kind, memory_of: Callable[[Any], Memory], *, encoding: str, device: Device
) -> Sam2Model:
    """Build a model with SAM 2's prompt encoder and decoder from a folder. memory_of: estimates that of its network."""
    network = load_folder(checkpoint, kind, LOAD)
    preprocessing, memory = preprocessing_of(network, checkpoint), memory_of(network)
    return Sam2Model(network, preprocessing=preprocessing, memory=memory, encoding=encoding, device=device)


def check_folder(checkpoint: Path, kind: Kind) -> None:
    """Raise WeightsError for what `model_of_folder` would refuse, without the values of the weights."""
    preprocessing_of(load_folder(checkpoint, kind, COMPARE), checkpoint)
