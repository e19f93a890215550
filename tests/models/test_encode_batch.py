"""How many images share a pass of an encoder follows from the kind of device, not from what is free at the moment."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from job.models.encode_batch import MOST, encode_batch

GIB = 1 << 30


def test_a_cpu_encodes_one_image_after_the_other() -> None:
    """Images of a batch would only take memory from each other."""
    assert encode_batch(torch.device("cpu"), 1) == 1


@pytest.mark.parametrize(
    ("memory", "image", "batch"),
    [(80 * GIB, GIB // 8, MOST), (16 * GIB, GIB // 4, 8), (16 * GIB, GIB // 3, 4), (8 * GIB, 2 * GIB, 1)],
)
def test_a_pass_takes_an_eighth_of_a_gpus_memory(
    monkeypatch: pytest.MonkeyPatch, memory: int, image: int, batch: int
) -> None:
    """A power of two of images, at least one."""
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace(total_memory=memory))
    assert encode_batch(torch.device("cuda"), image) == batch
