"""The image of an anatomy: intensity and texture of each region, then the effects of a scanner.

Five kinds of scanner are imitated roughly (CT, MRI, ultrasound, X-ray, PET). Each patient has one, with its own
settings. Values are between 0 and 1 until the last step.
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
"""Smallest and largest difference, up or down, between the mean of an object and that of its surroundings."""
SURROUNDINGS = np.ones((9, 9), np.uint8)
"""Pixels that this dilation adds to an object are its surroundings."""


def appearance(
    regions_HW: NDArray[np.uint8], first_HW: NDArray[np.uint8], cut: Cut, noise: np.random.Generator
) -> NDArray[np.uint8]:
    """Return image_HW, uint8, of the regions of one slice.

    first_HW: the regions of slice 0, which determine the intensities in all slices. cut: draws what is the same in all
    slices of the patient. noise: draws what differs from slice to slice.
    """
    scanner = str(cut.rng.choice(list(SCANNERS), p=list(SCANNERS.values())))
    unit = cut.side / 256
    means = _means(first_HW, cut)
    image = _textured(regions_HW, means, cut)
    image = blur(image, cut.between(0.3, 1.1) * unit)
    imitate = {"ct": _ct, "mri": _mri, "ultrasound": _ultrasound, "xray": _xray, "pet": _pet}[scanner]
    image = imitate(image, cut, noise)
    image = _coarser(image, cut)
    if cut.chance(0.08):
        image = 1 - image
    return (np.clip(image, 0, 1) * 255).astype(np.uint8)


def _means(regions: NDArray[np.uint8], cut: Cut) -> Field:
    """Draw the mean of each region. An object's mean differs from that of its surroundings, so that it is visible."""
    means = cut.rng.uniform(0.1, 0.85, 256).astype(np.float32)
    middle = cut.between(0.3, 0.6)
    means[:FIRST_LABEL] = middle + np.float32(cut.between(0.3, 1.0)) * (means[:FIRST_LABEL] - middle)
    means[AIR] = cut.between(0, 0.08)
    for name, label in LABELS.items():
        contrast, brighter = cut.between(*CONTRAST[name]), cut.chance(0.5)
        mask = (regions == FIRST_LABEL + label).astype(np.uint8)
        around = cv2.dilate(mask, SURROUNDINGS).astype(bool) & (mask == 0)
        surrounding = float(means[regions[around]].mean()) if around.any() else 0.5
        if not 0.04 <= surrounding + (contrast if brighter else -contrast) <= 0.97:
            brighter = not brighter
        means[FIRST_LABEL + label] = np.clip(surrounding + (contrast if brighter else -contrast), 0.02, 0.98)
    return means


def _textured(regions: NDArray[np.uint8], means: Field, cut: Cut) -> Field:
    """Paint each region with its mean, a fine and a coarse texture."""
    fine_amounts, coarse_amounts = cut.rng.uniform(0, 0.06, (2, 256)).astype(np.float32)
    fine_amounts[AIR] = coarse_amounts[AIR] = 0
    fine, coarse = cut.smooth(cut.scale_between(30, 110)), cut.smooth(cut.scale_between(4, 14))
    fine, coarse = cv2.LUT(regions, fine_amounts) * fine, cv2.LUT(regions, coarse_amounts) * coarse
    textured: Field = cv2.LUT(regions, means) + fine + coarse
    return textured


def _grain(cut: Cut, noise: np.random.Generator, sigma: float) -> Field:
    """Draw slightly blurred white noise with standard deviation 1."""
    white = noise.standard_normal((cut.side, cut.side), dtype=np.float32)
    grain = blur(white, sigma)
    return grain / max(float(grain.std()), 1e-6)


def _ct(image: Field, cut: Cut, noise: np.random.Generator) -> Field:
    """Add blurred noise, and apply a window that clips both ends."""
    low, high = cut.between(-0.05, 0.1), cut.between(0.85, 1.1)
    image = image + np.float32(cut.between(0.005, 0.06)) * _grain(cut, noise, cut.between(0.3, 1.2))
    return (image - np.float32(low)) / np.float32(high - low)


def _mri(image: Field, cut: Cut, noise: np.random.Generator) -> Field:
    """Apply a bias field, Rician noise and a gamma curve."""
    bias = np.exp(np.float32(cut.between(0.0, 0.35)) * cut.smooth(cut.between(1.0, 2.5)))
    sigma = np.float32(cut.between(0.005, 0.05))
    real = image * bias + sigma * _grain(cut, noise, cut.between(0, 0.6))
    imaginary = sigma * _grain(cut, noise, 0)
    power: Field = np.sqrt(real * real + imaginary * imaginary) ** np.float32(cut.between(0.7, 1.5))
    return power


def _ultrasound(image: Field, cut: Cut, noise: np.random.Generator) -> Field:
    """Apply speckle that is wider than deep, attenuation with depth, and a shadow."""
    depth = (cut.y_HW + 1) / 2
    sigma_x, sigma_y = cut.between(1.0, 2.5), cut.between(0.6, 1.2)
    white = noise.standard_normal((2, cut.side, cut.side), dtype=np.float32)
    real, imaginary = (cv2.GaussianBlur(field, (0, 0), sigma_x, sigmaY=sigma_y) for field in white)
    speckle = np.sqrt(real * real + imaginary * imaginary)
    speckle = (speckle / speckle.mean()) ** np.float32(cut.between(0.3, 0.75))
    image = 0.85 * np.clip(image, 0, 1) * speckle * (1 - np.float32(cut.between(0, 0.5)) * depth)
    shadow_x, shadow_width, dark = cut.between(-0.8, 0.8), cut.between(0.05, 0.25), cut.between(0.2, 0.7)
    if cut.chance(0.3):
        image = image * (1 - np.float32(dark) * np.exp(-(((cut.x_HW - shadow_x) / shadow_width) ** 2)) * depth)
    return np.asarray(image, dtype=np.float32)


def _xray(image: Field, cut: Cut, noise: np.random.Generator) -> Field:
    """Superimpose other structures with soft edges, and add little noise."""
    image = np.float32(0.8) * image
    for _ in range(int(cut.rng.integers(1, 5))):
        place = (cut.between(-0.8, 0.8), cut.between(-0.8, 0.8))
        over = (shapes.tube if cut.chance(0.5) else shapes.blob)(cut, place, cut.between(0.2, 0.6))
        image = image + np.float32(cut.between(-0.06, 0.08)) * blur(over.astype(np.float32), 1.5)
    return image + np.float32(cut.between(0.003, 0.025)) * _grain(cut, noise, 0.5)


def _pet(image: Field, cut: Cut, noise: np.random.Generator) -> Field:
    """Blur, and add noise that grows with the signal, as few counts do."""
    image = blur(image, cut.between(1.0, 2.2) * cut.side / 256)
    grain = _grain(cut, noise, cut.between(1.0, 2.0))
    return image + np.float32(cut.between(0.02, 0.1)) * np.sqrt(np.clip(image, 0, 1)) * grain


def _coarser(image: Field, cut: Cut) -> Field:
    """Reduce the resolution, for two patients in five."""
    factor, is_coarse = cut.between(1.2, 2.5), cut.chance(0.4)
    if not is_coarse:
        return image
    side = max(16, round(cut.side / factor))
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (cut.side, cut.side), interpolation=cv2.INTER_LINEAR), dtype=np.float32)
