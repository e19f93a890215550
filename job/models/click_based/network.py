"""What the predictor expects of a network."""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor


class ClickNetwork(Protocol):
    """A torch module that segments an object from clicks and the previous mask."""

    @property
    def bytes_per_px(self) -> float:
        """Estimated peak memory of a pass for each pixel of its input."""
        ...

    def object_logits(self, image: Tensor, points: Tensor, sizes_B2: Tensor | None = None) -> Tensor:
        """Return the object's logits (B, 1, H, W) at the input's size.

        image: (B, 4, H, W) float: RGB in [0, 1], and the previous mask's probability (zeros if there is none).
        points: (B, 2N, 3) float, padded (row, column, index) in pixels of the input, as `disks` takes them.
        sizes_B2: rows and columns of each member if they differ; the others are padding, right and below, whose content
        does not matter.
        """
        ...

    def to(self, device: Any) -> Any:
        """Move the module to a device, and return it."""
        ...

    def eval(self) -> Any:
        """Set the module up for evaluation, and return it."""
        ...
