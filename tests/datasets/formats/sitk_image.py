"""The phantom as SimpleITK holds it, whose geometry is the referee's."""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from tests.datasets.formats.phantom import in_lps, stored


def sitk_image(values_XYZ: NDArray[Any], codes: str) -> SimpleITK.Image:
    """Return a volume of the phantom, its axes stored in the directions `codes`. SimpleITK works in LPS."""
    values, placed = stored(values_XYZ, codes)
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(values.transpose(2, 1, 0)))
    steps = in_lps(placed)[:3, :3]
    lengths = np.linalg.norm(steps, axis=0)
    image.SetSpacing(lengths.tolist())
    image.SetDirection((steps / lengths).ravel().tolist())
    image.SetOrigin(in_lps(placed)[:3, 3].tolist())
    return image
