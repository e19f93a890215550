"""A bank of generated images and their embeddings by a frozen image encoder, computed once and kept on disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from job.datasets.generated import SIDE, VERSION
from job.datasets.generated.generate import generate
from job.errors import JobError
from job.models.mask_decoding import MaskDecodingModel

EMBEDDING = (256, 64, 64)
RECORD_EVERY = 8
"""Images between two records of the progress. An interrupted build resumes after the last record."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Bank:
    """Memory-mapped images, 2 MB each. embeddings[i]: float16 256x64x64. labels[i]: label map, uint8 256x256."""

    embeddings: NDArray[np.float16]
    labels: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.labels)


def build_bank(folder: Path, model: MaskDecodingModel, encoder: str, seed: int, count: int) -> Bank:
    """Embed patients 0 to `count` - 1 of a generator seed, except those that are embedded already; return the bank.

    encoder: sha256 of the model's weights. Raise JobError if the folder has embeddings of another encoder or generator.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / f"seed{seed}.json"
    expected = {"encoder_sha256": encoder, "generator": VERSION}
    origin: dict[str, Any] = json.loads(record.read_text()) if record.exists() else {"done": 0, **expected}
    done = int(origin.pop("done"))
    if origin != expected:
        raise JobError(
            f"{record}: expected embeddings of {expected}, got {origin}; name another folder, or remove this one"
        )
    bank = _open(folder, seed, max(count, done))
    for start in range(done, count, RECORD_EVERY):
        patients = range(start, min(start + RECORD_EVERY, count))
        _fill(bank, model, seed, patients)
        record.with_suffix(".part").write_text(json.dumps({"done": patients.stop, **expected}))
        record.with_suffix(".part").replace(record)
        print(f"embedded {patients.stop} of {count} images of seed {seed}", flush=True)
    return Bank(embeddings=bank.embeddings[:count], labels=bank.labels[:count])


def _fill(bank: Bank, model: MaskDecodingModel, seed: int, patients: Sequence[int]) -> None:
    pairs = [generate(seed, patient, 0) for patient in patients]
    encoded = model.encode([model.prepare(np.repeat(image_HW[..., None], 3, axis=-1)) for image_HW, _ in pairs])
    for patient, (_, labels_HW), image in zip(patients, pairs, encoded, strict=True):
        bank.embeddings[patient] = image.features.cpu().numpy()
        bank.labels[patient] = labels_HW


def _open(folder: Path, seed: int, count: int) -> Bank:
    def mapped(name: str, shape: tuple[int, ...], dtype: type) -> NDArray[np.generic]:
        path = folder / f"seed{seed}.{name}"
        size = count * int(np.prod(shape)) * np.dtype(dtype).itemsize
        path.touch()
        if path.stat().st_size < size:
            with path.open("r+b") as file:
                file.truncate(size)
        return np.memmap(path, dtype, mode="r+", shape=(count, *shape))

    return Bank(
        embeddings=mapped("embeddings.f16", EMBEDDING, np.float16),  # type: ignore[arg-type]
        labels=mapped("labels.u8", (SIDE, SIDE), np.uint8),  # type: ignore[arg-type]
    )
