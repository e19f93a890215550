"""Every way in which Pillow, tifffile and OpenCV write a label map, and what a reader must report about it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import tifffile
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from PIL import Image

from tests.datasets.make import png

COMPRESSIONS = [None, "lzw", "zlib", "packbits", "lzma", "zstd"]
DTYPES = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]
ORIENTATION = 274


@dataclass(frozen=True)
class Form:
    """A written file. labels: the values that were stored. doubts: the reasons that a reader must give."""

    data: bytes
    labels: NDArray[Any]
    suffix: str
    doubts: frozenset[str] = frozenset()
    orientation: int = 1


@st.composite
def label_maps(draw: st.DrawFn, dtype: str = "u1", highest: int | None = None) -> NDArray[Any]:
    """Draw a label map of up to 40 x 40 pixels, with all values that the type and 16 bits of labels allow."""
    shape = draw(st.tuples(st.integers(1, 40), st.integers(1, 40)))
    kind = np.dtype(dtype)
    top = highest or {"f2": 2048}.get(dtype, 65535 if kind.kind == "f" else min(np.iinfo(kind).max, 2**53))
    low = 0 if kind.kind == "u" else -top
    return draw(arrays.arrays(kind, shape, elements=st.integers(low, top).map(kind.type)))


@st.composite
def by_tifffile(draw: st.DrawFn) -> Form:
    """Draw a TIFF of grey, of every number type, depth, byte order, compression, layout and tag."""
    dtype = draw(st.sampled_from(DTYPES))
    bits = draw(st.sampled_from([1, 2, 4, 8])) if dtype == "u1" else 0
    labels = draw(label_maps(dtype, 2**bits - 1 if bits else None))
    compression = draw(st.sampled_from(COMPRESSIONS)) if bits in (0, 8) else None
    photometric, orientation = draw(st.sampled_from([0, 1])), draw(st.integers(1, 8))
    predictor = compression not in (None, "packbits") and labels.dtype.itemsize < 8 and draw(st.booleans())
    layout = draw(st.sampled_from([{"tile": (16, 16)}, {"rowsperstrip": 3}, {}])) if bits in (0, 8) else {}
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer,
        labels.astype(bool) if bits == 1 else labels,
        photometric="miniswhite" if photometric == 0 else "minisblack",
        byteorder=draw(st.sampled_from("<>")),
        bigtiff=draw(st.booleans()),
        compression=compression,
        predictor=predictor,
        bitspersample=bits if bits in (2, 4) else None,
        extratags=[(ORIENTATION, "H", 1, orientation, True)],
        **layout,
    )
    doubts = {"white is zero"} if photometric == 0 else set()
    return Form(buffer.getvalue(), labels, "tif", frozenset(doubts), orientation)


@st.composite
def by_pillow(draw: st.DrawFn) -> Form:
    """Draw a file of grey, of one bit, or of grey with an opaque alpha."""
    suffix = draw(st.sampled_from(["png", "tif", "bmp", "gif"]))
    modes = {"png": ["1", "L", "I;16", "LA", "RGBA"], "tif": ["1", "L", "I;16", "I", "F", "LA"], "bmp": ["1", "L"]}
    mode = draw(st.sampled_from(modes.get(suffix, ["L"])))
    dtype, highest = {"1": ("u1", 1), "I;16": ("u2", None), "I": ("i4", None), "F": ("f4", None)}.get(
        mode, ("u1", None)
    )
    labels = draw(label_maps(dtype, highest))
    image = Image.fromarray(labels.astype(bool)) if mode == "1" else Image.fromarray(labels)
    image = image.convert(mode) if mode in ("LA", "RGBA") else image
    options: dict[str, Any] = {}
    orientation = draw(st.integers(1, 8)) if suffix in ("png", "tif") else 1
    if orientation > 1:
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        options["exif"] = exif
    if suffix == "tif":
        options["compression"] = draw(st.sampled_from([None, "tiff_lzw", "tiff_adobe_deflate", "packbits"]))
        if mode == "1":
            options["compression"] = draw(st.sampled_from([None, "group3", "group4", "tiff_ccitt", "packbits"]))
    if suffix == "gif":
        options["optimize"] = False
    buffer = io.BytesIO()
    image.save(buffer, {"tif": "TIFF"}.get(suffix, suffix.upper()), **options)
    stored = np.dstack([labels] * 3) if mode == "RGBA" else labels
    return Form(buffer.getvalue(), stored, suffix, orientation=orientation)


@st.composite
def of_palette(draw: st.DrawFn) -> Form:
    """Draw a palette file of greys in any order: index 0 is in doubt unless its grey is the darkest in use."""
    suffix = draw(st.sampled_from(["png", "tif", "bmp", "gif"]))
    greys = draw(st.lists(st.integers(0, 255), min_size=2, max_size=256, unique=True))
    labels = draw(label_maps("u1", len(greys) - 1))
    image = Image.fromarray(labels, "P")
    image.putpalette([value for grey in greys for value in (grey, grey, grey)])
    buffer = io.BytesIO()
    image.save(buffer, {"tif": "TIFF"}.get(suffix, suffix.upper()), **({"optimize": False} if suffix == "gif" else {}))
    lighter = any(greys[label] < greys[0] for label in np.unique(labels))
    return Form(buffer.getvalue(), labels, suffix, frozenset({"palette"} if lighter else ()))


@st.composite
def by_opencv(draw: st.DrawFn) -> Form:
    """Draw a PNG, TIFF or BMP of grey."""
    suffix = draw(st.sampled_from(["png", "tif", "bmp"]))
    dtypes = {"png": ["u1", "u2"], "tif": ["u1", "i1", "u2", "i2", "i4", "f4", "f8"], "bmp": ["u1"]}
    labels = draw(label_maps(draw(st.sampled_from(dtypes[suffix]))))
    return Form(cv2.imencode(f".{suffix}", labels)[1].tobytes(), labels, suffix)


@st.composite
def of_narrow_png(draw: st.DrawFn) -> Form:
    """Draw a PNG of 1, 2 or 4 bits, written by hand."""
    bits = draw(st.sampled_from([1, 2, 4]))
    labels = draw(label_maps("u1", 2**bits - 1))
    rows = ["".join(f"{label:0{bits}b}" for label in row) for row in labels]
    packed = [int(row + "0" * (-len(row) % 8), 2).to_bytes((len(row) + 7) // 8, "big") for row in rows]
    return Form(png(packed, labels.shape[1], bits, 0), labels, "png")


def forms() -> st.SearchStrategy[Form]:
    """Return a strategy over all of these."""
    return st.one_of(by_tifffile(), by_pillow(), of_palette(), by_opencv(), of_narrow_png())
