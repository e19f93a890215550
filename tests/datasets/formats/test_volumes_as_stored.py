"""Random label maps as volumes of every number type and axis order: each voxel comes back where its affine puts it."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from job.datasets.check import check_headers, look_inside
from job.datasets.discover import discover
from job.datasets.load import load
from job.storage import InputCache
from tests.datasets.formats.volume_forms import LABELS, Written, affines, label_volumes, written
from tests.datasets.make import MAX_PX, dataset

PLANES = {
    "axial": lambda values, index: values[::-1, ::-1, index].T,
    "coronal": lambda values, index: values[::-1, index, ::-1].T,
    "sagittal": lambda values, index: values[values.shape[0] - 1 - index, ::-1, ::-1].T,
}
"""Slices of a volume to the right, to the front, upwards: rows from the front or from above, columns from the right or
from the front."""


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(
    labels=label_volumes(),
    affine=affines(),
    image=written(),
    mask=written(),
    axis=st.sampled_from(list(PLANES)),
)
def test_labels_lie_on_their_image_in_whatever_order_either_is_stored(
    labels: NDArray[Any], affine: NDArray[Any], image: Written, mask: Written, axis: str
) -> None:
    """The image shows the labels too, so that both are compared. `validate` and the run agree."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        image.write(folder / f"images/a{image.suffix}", labels, affine)
        mask.write(folder / f"masks/a{mask.suffix}", labels, affine)
        data = dataset(
            folder,
            images=f"{folder}/images/a{image.suffix}",
            masks=f"{folder}/masks/a{mask.suffix}",
            tasks={str(label): label for label in LABELS},
            slices={"axis": axis, "keep": "all"},
            intensity={"window": (127.5, 255), "per": "slice"},
        )
        cache = InputCache(folder / "cache", 1 << 30)
        (source,) = discover(data)
        assert check_headers(data, source, cache, MAX_PX) == []
        inside = look_inside(data, source, cache, MAX_PX)
        loaded = load(data, source, None, cache, MAX_PX)
    for sample in loaded.samples:
        plane = PLANES[axis](labels, sample.slice)
        assert np.abs(sample.image_HWC[..., 0].astype(int) - plane).max() <= 1
        assert {obj.task for obj in sample.objects} == {str(label) for label in np.unique(plane) if label}
        for obj in sample.objects:
            assert np.array_equal(obj.truth_HW, plane == int(obj.task))
            assert np.array_equal(obj.labelled_HW, plane > 0)
    planes = range(max(labels.shape))
    assert len(loaded.samples) == sum(_holds(labels, axis, index) for index in planes)
    assert inside.findings == [line for line in loaded.left_out if line.kind != "empty"]
    assert {line.kind for line in loaded.left_out} <= {"empty", "warning"}


def _holds(labels: NDArray[Any], axis: str, index: int) -> bool:
    """Return whether a slice of the volume exists and holds a label."""
    length = labels.shape[["sagittal", "coronal", "axial"].index(axis)]
    return index < length and bool(PLANES[axis](labels, index).any())
