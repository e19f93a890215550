"""Where SAM sees an image: resized so that its longest side has a given length.

The numbers are those of the authors' `ResizeLongestSide`, to the last bit. Importing that takes seconds, because
torchvision comes with it, and the compiler of torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class LongestSide:
    """side: the length, px."""

    side: int

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Return height and width of an image once it is resized, each rounded half up."""
        scale = self.side / max(height, width)
        return int(height * scale + 0.5), int(width * scale + 0.5)

    def coords(self, coords_N2: NDArray[Any], size: tuple[int, int]) -> NDArray[np.float64]:
        """Return (x, y) of an image on the resized one, float64 (N, 2). size: height and width of the image."""
        (height, width), (new_height, new_width) = size, self.size(*size)
        return np.asarray(coords_N2, np.float64) * (new_width / width, new_height / height)
