"""The generator: seed, patient and slice alone determine an image and its label map."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from job.datasets.generated import SIDE
from job.datasets.generated.anatomy import anatomy
from job.datasets.generated.appearance import appearance
from job.datasets.generated.fields import Cut

STRUCTURE, APPEARANCE, NOISE = range(3)


def generate(seed: int, patient: int, slice_: int, side: int = SIDE) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return image_HW, uint8 grey, and labels_HW, uint8: 0 or a value of `LABELS`, at least one of which occurs.

    Slices of one patient are neighbouring cuts through the same structures, with the same appearance. Any one label may
    be missing in a slice. side: height and width, px; structures scale with it. On another kind of processor, a grey
    value may differ by 1.
    """
    regions_HW, labels_HW = anatomy(Cut(_rng(seed, patient, STRUCTURE), side, slice_))
    first_HW = anatomy(Cut(_rng(seed, patient, STRUCTURE), side, 0))[0] if slice_ else regions_HW
    look = Cut(_rng(seed, patient, APPEARANCE), side, slice_)
    image_HW = appearance(regions_HW, first_HW, look, noise=_rng(seed, patient, NOISE, slice_))
    return image_HW, labels_HW


def _rng(*identity: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(identity)))
