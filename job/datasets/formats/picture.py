"""A decoded 2D file, and what it holds as an image and as a label map. One rule for all formats: stored values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from job.datasets.counting import histogram, varies
from job.datasets.doubt import Doubt
from job.datasets.known import NOTHING, Known
from job.errors import DataError

LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601: how bright a colour looks


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """The values of a 2D file: HxW, or HxWx3 RGB, in the file's own type.

    orientation: the file's tag, 1 to 8 as in EXIF. It is not applied. 1 means upright, or no tag. known: what the
    header says about the values.
    """

    values: NDArray[Any]
    doubts: tuple[Doubt, ...] = ()
    orientation: int = 1
    known: Known = NOTHING


@dataclass(frozen=True, kw_only=True, eq=False)
class Decoded:
    """The stored values of a 2D file.

    values: HxW grey or HxWx3 RGB; of a palette file, HxW indices. palette: Nx3 RGB, uint8. extra: HxWxK, all further
    channels. has_alpha: whether the first of them is declared as alpha. lossy: the name of a compression that changes
    values. orientation, known: as in `Picture`.
    """

    values: NDArray[Any]
    palette: NDArray[np.uint8] | None = None
    extra: NDArray[Any] | None = None
    has_alpha: bool = True
    lossy: str = ""
    doubts: tuple[Doubt, ...] = ()
    orientation: int = 1
    known: Known = NOTHING


def known_orientation(tag: object) -> int:
    """Return the value of an orientation tag, or 1 if it is none of 1 to 8: some programs write 0."""
    return tag if isinstance(tag, int) and tag in range(1, 9) else 1


def image_of(decoded: Decoded) -> Picture:
    """Return the greys or colours. Alpha is dropped; raise DataError if only alpha varies."""
    values = _colours(decoded)
    _check_extra(values, decoded.extra)
    return Picture(values=values, doubts=decoded.doubts, orientation=decoded.orientation, known=decoded.known)


def labels_of(decoded: Decoded) -> Picture:
    """Return the labels: the indices of a palette file, else the greys or colours. Doubts are those of a label map."""
    _check_extra(decoded.values, decoded.extra)
    doubts = [*decoded.doubts, *_palette_doubts(decoded), *_alpha_doubts(decoded)]
    if decoded.lossy:
        detail = (
            f"{decoded.lossy} changes values, most of all at the edge of an object; use `above: 127` for a mask of "
            "black and white, or store the labels as PNG"
        )
        doubts.append(Doubt(reason="lossy labels", detail=detail))
    return Picture(values=decoded.values, doubts=tuple(doubts), orientation=decoded.orientation)


def _colours(decoded: Decoded) -> NDArray[Any]:
    """Return HxW grey or HxWx3 RGB, with a palette applied."""
    if decoded.palette is None:
        return decoded.values
    _check_indices(decoded.values, decoded.palette)
    padded = np.pad(decoded.palette, [(0, 0), (0, 1)])  # four bytes a colour, which are looked up as one number
    packed = np.ascontiguousarray(padded).view(np.uint32)[:, 0]
    return np.asarray(packed[decoded.values][..., None].view(np.uint8)[..., :3])


def _check_indices(indices: NDArray[Any], palette: NDArray[np.uint8]) -> None:
    if indices.max(initial=0) >= len(palette):
        raise DataError("unreadable", f"damaged: index {indices.max()}, but the palette has {len(palette)} colours")


def _check_extra(values: NDArray[Any], extra: NDArray[Any] | None) -> None:
    """Raise DataError if the content lies in the alpha or another channel that is not read."""
    if extra is not None and not varies(values) and varies(extra):
        raise DataError(
            "content in alpha",
            "all colours are the same, only the alpha channel or a further channel differs from pixel to pixel; "
            "store that channel as a grey image",
        )


def _palette_doubts(decoded: Decoded) -> list[Doubt]:
    """Return a doubt if index 0, the background of a label map, has not the darkest of the colours in use."""
    if decoded.palette is None or not len(decoded.palette):
        return []
    brightness = decoded.palette @ LUMA
    if brightness.min() >= brightness[0]:
        return []
    counts = histogram(decoded.values, 1 << 8 * decoded.values.dtype.itemsize)[: len(decoded.palette)]
    used = np.union1d([0], np.flatnonzero(counts))
    brightness = brightness[used]
    darkest = int(used[brightness.argmin()])
    if brightness.min() >= brightness[0]:
        return []
    first, dark = (", ".join(map(str, decoded.palette[index])) for index in (0, darkest))
    name = "white" if first == "255, 255, 255" else f"RGB {first}"
    detail = (
        f"index 0 is {name}, index {darkest} is darker (RGB {dark}); labels are the indices, not the colours: "
        "check which index is the background; of a black and white mask, `above: 127` takes the white"
    )
    return [Doubt(reason="palette", detail=detail)]


def _alpha_doubts(decoded: Decoded) -> list[Doubt]:
    """Return a doubt if pixels that alpha hides hold a label."""
    if decoded.extra is None or not decoded.has_alpha:
        return []
    alpha = np.ascontiguousarray(decoded.extra[..., 0])
    if alpha.all() or not varies(decoded.extra):
        return []
    labels = np.ascontiguousarray(np.atleast_3d(decoded.values)[..., 0])  # all channels are equal, or it is refused
    hidden = int(np.count_nonzero((labels != 0) & (alpha == 0)))
    if not hidden:
        return []
    detail = f"{hidden} pixels that the alpha channel makes transparent hold a label other than 0; alpha is not read"
    return [Doubt(reason="alpha", detail=detail)]
