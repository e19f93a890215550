"""Colours: enough contrast on both grounds, and different also for those who see fewer colours."""

import itertools

import numpy as np
import pytest

from job.report.page.look import DARK, DASHES, FAINT, GROUNDS, LIGHT, PALETTES, SHAPES, TEXTS

# Machado, Oliveira and Fernandes 2009, severity 1.0, for linear RGB.
SIGHT = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour):
    """Return linear RGB, 0 to 1, of a colour in hexadecimal digits (IEC 61966-2-1)."""
    srgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """Return the contrast of WCAG 2.2."""
    light = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (light[1] + 0.05) / (light[0] + 0.05)


def lab(rgb):
    """Return CIELAB of linear RGB, D65."""
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ rgb
    t = xyz / [0.9505, 1.0, 1.089]
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("theme", PALETTES)
def test_signs_and_texts_stand_out_from_the_ground(theme):
    """3:1 for signs, 4.5:1 for text: WCAG 2.2, level AA."""
    assert min(contrast(colour, GROUNDS[theme]) for colour in PALETTES[theme]) >= 3
    assert min(contrast(colour, GROUNDS[theme]) for colour in (TEXTS[theme], FAINT[theme])) >= 4.5


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=PALETTES)
def test_the_first_four_colours_differ_in_every_sight(sight, palette):
    """By ten units of CIELAB or more; beyond, shapes alone tell models apart."""
    seen = [lab(np.clip(np.array(SIGHT[sight]) @ linear(colour), 0, 1)) for colour in palette[:4]]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 10


def test_every_colour_has_a_shape_and_every_mask_choice_a_dash():
    """So no figure relies on colour alone."""
    assert len(set(SHAPES)) == len(LIGHT) == len(DARK)
    assert len({tuple(dash) for dash in DASHES}) == 4
