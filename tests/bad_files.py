"""Images that cannot be used, for a study of `tests.cases.write_study`."""

from pathlib import Path

import numpy as np
from PIL import Image

UNUSABLE = ("truncated.png", "empty.png", "text.png", "maskless.png", "sized.png")
"""Damaged images, one without a mask, and one with a mask of another size."""
WITHOUT_OBJECT = "allzero.png"


def add_bad_files(data: Path) -> None:
    """Add these images to the data of a study, made from its first image and mask."""
    image = (data / "images/case0.png").read_bytes()
    contents = {"truncated.png": image[: len(image) // 2], "empty.png": b"", "text.png": b"not an image"}
    for name in (*UNUSABLE, WITHOUT_OBJECT):
        (data / "images" / name).write_bytes(contents.get(name, image))
        (data / "masks" / name).write_bytes((data / "masks/case0.png").read_bytes())
    (data / "masks/maskless.png").unlink()
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(data / "masks/sized.png")
    Image.fromarray(np.zeros((48, 48), np.uint8)).save(data / f"masks/{WITHOUT_OBJECT}")
