"""What the checks on images and masks cost, as a share of the time that it takes to read them: `python -m benchmarks.reading`.

Writes data sets of noise and blobs in several formats, and loads them as a run does. Every check is wrapped by a clock of the
thread's processor time; of nested checks the outermost counts.
"""

from __future__ import annotations

import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest import mock

import nibabel as nib
import numpy as np
import tifffile
from PIL import Image

from job.datasets import fit, load, opening
from job.datasets import layers as layers_module
from job.datasets.discover import discover
from job.datasets.formats import jpeg, nifti, picture, png, tiff
from job.storage import InputCache
from job.study.dataset import Dataset

CHECKS: tuple[tuple[Any, str], ...] = (
    (fit, "_check"),
    (jpeg, "check_scans"),
    (png, "check"),
    (picture, "_check_extra"),
    (picture, "_check_indices"),
    (picture, "_palette_doubts"),
    (picture, "_alpha_doubts"),
    (tiff, "_check_single"),
    (tiff, "_check_kind"),
    (tiff, "_check_segments"),
    (tiff, "_doubts"),
    (nifti, "_read_rest"),
    (nifti, "_orientation_doubts"),
    (layers_module, "label_counts"),
    (opening, "_mask_warnings"),
    (opening, "_header_warnings"),
    (load, "_add_warnings"),
)
REPEATS = 7
SIDE = 1024


class Clock:
    """Adds up the processor time that the wrapped functions take."""

    def __init__(self) -> None:
        self.seconds, self._depth = 0.0, 0

    def wrap(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that does the same and runs the clock."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            with self.running():
                result = function(*args, **kwargs)
                return list(result) if isinstance(result, Iterator) else result

        return timed

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run the clock."""
        start, self._depth = time.thread_time(), self._depth + 1
        try:
            yield
        finally:
            self._depth -= 1
            if not self._depth:
                self.seconds += time.thread_time() - start


def main() -> None:
    """Print a table: seconds of reading, and the share that the checks have."""
    print(
        f"Python {platform.python_version()}, numpy {np.__version__}, Pillow {version('Pillow')}, {platform.machine()}"
    )
    print(f"{'files':44} {'ms a case':>10} {'checks':>8}")
    rng = np.random.default_rng(0)
    for name, write in FORMS.items():
        with tempfile.TemporaryDirectory() as folder:
            suffixes = write(Path(folder), rng)
            total, checks = _measured(Path(folder), *suffixes)
        print(f"{name:44} {1000 * total:10.1f} {100 * checks / total:7.1f}%")


def _measured(folder: Path, image: str, mask: str) -> tuple[float, float]:
    """Return the median seconds of one reading, and of the checks in it."""
    data = Dataset.model_validate(
        {
            "name": "D", "modality": "M", "images": f"{folder}/image.{image}", "masks": f"{folder}/mask.{mask}",
            "tasks": {"object": "any"}, "intensity": {"percentiles": [0.5, 99.5]},
        },
        strict=False,
    )  # fmt: skip
    (source,) = discover(data)
    cache = InputCache(folder / "cache", 1 << 30)
    times = []
    for _ in range(REPEATS):
        load._last_volume = opening.LastVolume()
        clock = Clock()
        with ExitStack() as stack:
            for module, function in CHECKS:
                stack.enter_context(mock.patch.object(module, function, clock.wrap(getattr(module, function))))
            start = time.thread_time()
            loaded = load.load(data, source, None, cache, 1 << 28)
            times.append((time.thread_time() - start, clock.seconds))
        if not loaded.samples:
            raise ValueError(f"{source.image}: {loaded.left_out}")
    return sorted(times)[REPEATS // 2]


def _noise(rng: np.random.Generator, *shape: int) -> Any:
    """Return an image that compresses about as a scan does: smooth, with noise in the lowest bits."""
    smooth = np.add.outer(*(100 + 80 * np.sin(np.linspace(0, 9, side)) for side in shape[:2])) / 2
    smooth = smooth[(...,) + (None,) * (len(shape) - 2)]
    return (smooth + rng.integers(0, 8, shape)).astype(np.uint8)


def _blob(label: int = 1, side: int = SIDE) -> Any:
    y, x = np.ogrid[:side, :side]
    return (((y - side / 2) ** 2 + (x - side / 3) ** 2 < (side / 5) ** 2) * label).astype(np.uint8)


def _grey_png(folder: Path, rng: np.random.Generator) -> tuple[str, str]:
    Image.fromarray(_noise(rng, SIDE, SIDE)).save(folder / "image.png")
    Image.fromarray(_blob()).save(folder / "mask.png")
    return "png", "png"


def _colour_png(folder: Path, rng: np.random.Generator) -> tuple[str, str]:
    Image.fromarray(_noise(rng, SIDE, SIDE, 3)).save(folder / "image.png")
    Image.fromarray(_blob(255)).save(folder / "mask.png")
    return "png", "png"


def _rgba_mask(folder: Path, rng: np.random.Generator) -> tuple[str, str]:
    Image.fromarray(_noise(rng, SIDE, SIDE)).save(folder / "image.png")
    Image.fromarray(np.dstack([_blob(255)] * 3 + [np.full((SIDE, SIDE), 255, np.uint8)])).save(folder / "mask.png")
    return "png", "png"


def _varying_alpha(folder: Path, rng: np.random.Generator) -> tuple[str, str]:
    Image.fromarray(_noise(rng, SIDE, SIDE)).save(folder / "image.png")
    Image.fromarray(np.dstack([_blob(255)] * 4)).save(folder / "mask.png")
    return "png", "png"


def _palette(folder: Path, rng: np.random.Generator) -> tuple[str, str]:
    image = Image.fromarray(_noise(rng, SIDE, SIDE), "P")
    image.putpalette([value for grey in range(256) for value in (grey, grey // 2, grey)])
    image.save(folder / "image.png")
    mask = Image.fromarray(_blob(), "P")
    mask.putpalette([255, 255, 255, 0, 0, 0])
    mask.save(folder / "mask.png")
    return "png", "png"


def _jpeg(folder: Path, rng: np.random.Generator) -> tuple[str, str]:
    Image.fromarray(_noise(rng, SIDE, SIDE, 3)).save(folder / "image.jpg", quality=90)
    Image.fromarray(_blob(255)).save(folder / "mask.png")
    return "jpg", "png"


def _tiff(folder: Path, rng: np.random.Generator) -> tuple[str, str]:
    for name, values in (("image", _noise(rng, SIDE, SIDE).astype(np.uint16) * 200), ("mask", _blob())):
        tifffile.imwrite(folder / f"{name}.tif", values, compression="lzw", rowsperstrip=16)
    return "tif", "tif"


def _bmp(folder: Path, rng: np.random.Generator) -> tuple[str, str]:
    Image.fromarray(_noise(rng, SIDE, SIDE)).save(folder / "image.bmp")
    Image.fromarray(_blob(255)).save(folder / "mask.bmp")
    return "bmp", "bmp"


def _volume(folder: Path, rng: np.random.Generator) -> tuple[str, str]:
    affine = np.diag([-1.0, -1, 2, 1])
    image = np.stack([_noise(rng, 256, 256) for _ in range(64)], axis=-1).astype(np.int16) * 10
    nib.save(nib.Nifti1Image(image, affine), folder / "image.nii.gz")
    nib.save(nib.Nifti1Image(np.repeat(_blob(1, 256)[..., None], 64, axis=-1), affine), folder / "mask.nii.gz")
    return "nii.gz", "nii.gz"


FORMS: dict[str, Callable[[Path, np.random.Generator], tuple[str, str]]] = {
    "grey PNG, mask PNG": _grey_png,
    "colour PNG, mask PNG": _colour_png,
    "colour JPEG, mask PNG": _jpeg,
    "grey PNG, RGBA mask": _rgba_mask,
    "grey PNG, RGBA mask of varying alpha": _varying_alpha,
    "palette PNG, palette mask white first": _palette,
    "16-bit TIFF, mask TIFF, both LZW": _tiff,
    "BMP, mask BMP": _bmp,
    "NIfTI 256 x 256 x 64, mask NIfTI": _volume,
}


if __name__ == "__main__":
    main()
