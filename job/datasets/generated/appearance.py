"""How an anatomy looks: intensities and texture of each region, then what a scanner does to them.

Five kinds of scanner in rough outline (CT, MRI, ultrasound, X-ray, PET); each patient has one, with its own settings.
Values run from 0 to 1 until the end.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from job.datasets.generated import shapes
from job.datasets.generated.anatomy import AIR, FIRST_LABEL, LABELS
from job.datasets.generated.fields import Cut, Field, blur

SCANNERS = {"ct": 0.3, "mri": 0.35, "ultrasound": 0.17, "xray": 0.1, "pet": 0.08}
CONTRAST = {"organ": (0.09, 0.4), "lesion": (0.12, 0.5), "vessel": (0.15, 0.5), "wall": (0.12, 0.45)}
"""How much an object's mean differs from that of what surrounds it, either way."""
SURROUNDINGS = np.ones((9, 9), np.uint8)


def appearance(
    regions_HW: NDArray[np.uint8], first_HW: NDArray[np.uint8], cut: Cut, noise: np.random.Generator
) -> NDArray[np.uint8]:
    """Give image_HW, uint8, of the regions of one slice.

    first_HW: the regions of slice 0, by which the intensities of all slices are chosen. cut: draws what the patient
    keeps. noise: draws what differs from slice to slice.
    """
    scanner = str(cut.rng.choice(list(SCANNERS), p=list(SCANNERS.values())))
    unit = cut.side / 256
    means = _means(first_HW, cut)
    image = _textured(regions_HW, means, cut)
    image = blur(image, cut.between(0.3, 1.1) * unit)
    look = {"ct": _ct, "mri": _mri, "ultrasound": _ultrasound, "xray": _xray, "pet": _pet}[scanner]
    image = look(image, cut, noise)
    image = _coarser(image, cut)
    if cut.chance(0.08):
        image = 1 - image
    return (np.clip(image, 0, 1) * 255).astype(np.uint8)


def _means(regions: NDArray[np.uint8], cut: Cut) -> Field:
    """Draw each region's mean; an object's from that of its surroundings, so that it can be seen."""
    means = cut.rng.uniform(0.1, 0.85, 256).astype(np.float32)
    middle = cut.between(0.3, 0.6)
    means[:FIRST_LABEL] = middle + np.float32(cut.between(0.3, 1.0)) * (means[:FIRST_LABEL] - middle)
    means[AIR] = cut.between(0, 0.08)
    for name, label in LABELS.items():
        contrast, brighter = cut.between(*CONTRAST[name]), cut.chance(0.5)
        mask = (regions == FIRST_LABEL + label).astype(np.uint8)
        around = cv2.dilate(mask, SURROUNDINGS).astype(bool) & (mask == 0)
        beside = float(means[regions[around]].mean()) if around.any() else 0.5
        if not 0.04 <= beside + (contrast if brighter else -contrast) <= 0.97:
            brighter = not brighter
        means[FIRST_LABEL + label] = np.clip(beside + (contrast if brighter else -contrast), 0.02, 0.98)
    return means


def _textured(regions: NDArray[np.uint8], means: Field, cut: Cut) -> Field:
    """Paint the means, with each region's share of a fine and of a coarse texture."""
    fine_of, coarse_of = cut.rng.uniform(0, 0.06, (2, 256)).astype(np.float32)
    fine_of[AIR] = coarse_of[AIR] = 0
    fine, coarse = cut.smooth(cut.scale_between(30, 110)), cut.smooth(cut.scale_between(4, 14))
    painted: Field = cv2.LUT(regions, means) + cv2.LUT(regions, fine_of) * fine + cv2.LUT(regions, coarse_of) * coarse
    return painted


def _grain(cut: Cut, noise: np.random.Generator, sigma: float) -> Field:
    """Draw white noise, a little blurred, of deviation 1."""
    white = noise.standard_normal((cut.side, cut.side), dtype=np.float32)
    grain = blur(white, sigma)
    return grain / max(float(grain.std()), 1e-6)


def _ct(image: Field, cut: Cut, noise: np.random.Generator) -> Field:
    """Blurred noise, and a window that cuts off both ends."""
    low, high = cut.between(-0.05, 0.1), cut.between(0.85, 1.1)
    image = image + np.float32(cut.between(0.005, 0.06)) * _grain(cut, noise, cut.between(0.3, 1.2))
    return (image - np.float32(low)) / np.float32(high - low)


def _mri(image: Field, cut: Cut, noise: np.random.Generator) -> Field:
    """A bias field, Rician noise and a gamma."""
    bias = np.exp(np.float32(cut.between(0.0, 0.35)) * cut.smooth(cut.between(1.0, 2.5)))
    sigma = np.float32(cut.between(0.005, 0.05))
    real = image * bias + sigma * _grain(cut, noise, cut.between(0, 0.6))
    imaginary = sigma * _grain(cut, noise, 0)
    power: Field = np.sqrt(real * real + imaginary * imaginary) ** np.float32(cut.between(0.7, 1.5))
    return power


def _ultrasound(image: Field, cut: Cut, noise: np.random.Generator) -> Field:
    """Speckle that is wider than deep, attenuation with depth, and shadows."""
    depth = (cut.y_HW + 1) / 2
    wide, deep = cut.between(1.0, 2.5), cut.between(0.6, 1.2)
    white = noise.standard_normal((2, cut.side, cut.side), dtype=np.float32)
    real, imaginary = (cv2.GaussianBlur(one, (0, 0), wide, sigmaY=deep) for one in white)
    speckle = np.sqrt(real * real + imaginary * imaginary)
    speckle = (speckle / speckle.mean()) ** np.float32(cut.between(0.3, 0.75))
    seen = 0.85 * np.clip(image, 0, 1) * speckle * (1 - np.float32(cut.between(0, 0.5)) * depth)
    shadow_x, shadow_width, dark = cut.between(-0.8, 0.8), cut.between(0.05, 0.25), cut.between(0.2, 0.7)
    if cut.chance(0.3):
        seen = seen * (1 - np.float32(dark) * np.exp(-(((cut.x_HW - shadow_x) / shadow_width) ** 2)) * depth)
    return np.asarray(seen, dtype=np.float32)


def _xray(image: Field, cut: Cut, noise: np.random.Generator) -> Field:
    """Other structures shine through; soft edges, little noise."""
    seen = np.float32(0.8) * image
    for _ in range(int(cut.rng.integers(1, 5))):
        place = (cut.between(-0.8, 0.8), cut.between(-0.8, 0.8))
        over = (shapes.tube if cut.chance(0.5) else shapes.blob)(cut, place, cut.between(0.2, 0.6))
        seen = seen + np.float32(cut.between(-0.06, 0.08)) * blur(over.astype(np.float32), 1.5)
    return seen + np.float32(cut.between(0.003, 0.025)) * _grain(cut, noise, 0.5)


def _pet(image: Field, cut: Cut, noise: np.random.Generator) -> Field:
    """Few counts: blurred, with noise that grows with the signal."""
    seen = blur(image, cut.between(1.0, 2.2) * cut.side / 256)
    grain = _grain(cut, noise, cut.between(1.0, 2.0))
    return seen + np.float32(cut.between(0.02, 0.1)) * np.sqrt(np.clip(seen, 0, 1)) * grain


def _coarser(image: Field, cut: Cut) -> Field:
    """Lose resolution, for two patients in five."""
    factor, lose = cut.between(1.2, 2.5), cut.chance(0.4)
    if not lose:
        return image
    few = max(16, round(cut.side / factor))
    small = cv2.resize(image, (few, few), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (cut.side, cut.side), interpolation=cv2.INTER_LINEAR), dtype=np.float32)
