"""3D Slicer's segmentations, written by pynrrd: segments in layers, and extents smaller than the image's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nrrd
import numpy as np
import pytest
from numpy.typing import NDArray

from job.datasets.formats.segments.seg_nrrd import read_seg_nrrd
from job.datasets.formats.segments.segment import Segment
from job.errors import DataError, MemoryShortageError
from tests.datasets.formats.phantom import CODES, grid, in_lps, phantom, stored

BOTH = [("liver", 1, 0), ("tumour", 2, 0)]


def saved(
    path: Path,
    layers: list[NDArray[Any]],
    segments: list[tuple[str, int, int]],
    codes: str = "LPS",
    low: tuple[int, int, int] = (0, 0, 0),
    **fields: Any,
) -> Path:
    """Save layers XYZ. segments: name, value and layer. low: the first voxel, along the stored axes, that is stored."""
    parts = [stored(layer, codes)[0][low[0] :, low[1] :, low[2] :] for layer in layers]
    placed = in_lps(stored(layers[0], codes)[1])
    steps = list(placed[:3, :3].T)
    header: dict[str, Any] = {
        "space": "left-posterior-superior",
        "encoding": "gzip",
        "space origin": placed[:3, 3] + placed[:3, :3] @ low,
        "space directions": steps if len(parts) == 1 else [[np.nan] * 3, *steps],
        "kinds": ["domain"] * 3 if len(parts) == 1 else ["list", *["domain"] * 3],
        "Segmentation_ReferenceImageExtentOffset": " ".join(map(str, low)),
    }
    for n, (name, value, layer) in enumerate(segments):
        header |= {f"Segment{n}_ID": f"Segment_{n + 1}", f"Segment{n}_Name": name}
        header |= {f"Segment{n}_LabelValue": str(value), f"Segment{n}_Layer": str(layer)}
    header = {key: value for key, value in (header | fields).items() if value is not None}
    data = parts[0] if len(parts) == 1 else np.stack(parts)
    nrrd.write(str(path), np.ascontiguousarray(data.astype(np.uint8)), header, index_order="F")
    return path


def check(path: Path, expected: dict[str, Any]) -> None:
    """Check that a file has these segments, by name, and nothing is doubtful."""
    segmentation = read_seg_nrrd(path)
    assert [segment.name for segment in segmentation.segments] == list(expected)
    for segment in segmentation.segments:
        found = segmentation.drawn(segment, grid())
        assert np.array_equal(found.mask_XYZ, expected[segment.name])
        assert (segmentation.doubts, found.doubts) == ((), ())


@pytest.mark.parametrize("codes", CODES)
def test_one_layer_in_every_order_of_axes(tmp_path: Path, codes: str) -> None:
    """The canonical masks are those of the phantom."""
    path = saved(tmp_path / "a.seg.nrrd", [phantom()], BOTH, codes)
    check(path, {"liver": phantom() == 1, "tumour": phantom() == 2})


def test_segments_in_two_layers_may_overlap(tmp_path: Path) -> None:
    """Their values repeat, and so does a voxel."""
    whole = phantom() > 0
    layers = [phantom(), whole * 1]
    path = saved(tmp_path / "a.seg.nrrd", layers, [*BOTH, ("body", 1, 1)])
    check(path, {"liver": phantom() == 1, "tumour": phantom() == 2, "body": whole})


def test_an_extent_smaller_than_the_image(tmp_path: Path) -> None:
    """The origin has moved by the offset that the header states beside it."""
    first = phantom() == 1
    path = saved(tmp_path / "a.seg.nrrd", [first * 1], [("liver", 1, 0)], "RAS", (1, 2, 1))
    check(path, {"liver": first})


def test_each_segment_had_a_layer_of_its_own_before(tmp_path: Path) -> None:
    """Older files state neither value nor layer."""
    missing = {f"Segment{n}_{key}": None for n in (0, 1) for key in ("LabelValue", "Layer")}
    path = saved(tmp_path / "a.seg.nrrd", [phantom() == 1, phantom() == 2], BOTH, **missing)
    check(path, {"liver": phantom() == 1, "tumour": phantom() == 2})


def test_a_number_is_that_of_the_keys(tmp_path: Path) -> None:
    """Segment0 has the number 0; ten follow two."""
    extra = {"Segment10_ID": "s", "Segment10_Name": "a\\\\nb", "Segment10_LabelValue": "2", "Segment10_Layer": "0"}
    path = saved(tmp_path / "a.seg.nrrd", [phantom()], BOTH, **extra)
    assert read_seg_nrrd(path).segments == (
        Segment(number=0, name="liver"),
        Segment(number=1, name="tumour"),
        Segment(number=10, name="a\\nb"),
    )


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"Segment1_Layer": "1"}, "'tumour' lies in layer 1 of 1"),
        ({"Segment1_Layer": "-1"}, "Segment1_Layer"),
        ({"Segment0_LabelValue": "one"}, "Segment0_LabelValue"),
        ({"space": None, "space directions": None, "space origin": None}, "orientation"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, fields: dict[str, Any], what: str) -> None:
    """Before anything is drawn."""
    with pytest.raises(DataError, match=what):
        read_seg_nrrd(saved(tmp_path / "a.seg.nrrd", [phantom()], BOTH, **fields))


def test_another_grid_is_refused(tmp_path: Path) -> None:
    """Half a voxel beside the image's."""
    path = saved(tmp_path / "a.seg.nrrd", [phantom()], BOTH, **{"space origin": [20.75, 30.0, 10.0]})
    with pytest.raises(DataError, match="voxels beside") as caught:
        read_seg_nrrd(path).drawn(Segment(number=0, name="liver"), grid())
    assert caught.value.reason == "affines differ"


def test_truncated_files_and_headers_that_claim_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is refused before more than the header's own size is taken, or if that does not fit."""
    whole = saved(tmp_path / "a.seg.nrrd", [phantom()], BOTH).read_bytes()
    for length in range(0, len(whole), 31):
        (tmp_path / "b.seg.nrrd").write_bytes(whole[:length])
        with pytest.raises(DataError):
            read_seg_nrrd(tmp_path / "b.seg.nrrd")
    (tmp_path / "b.seg.nrrd").write_bytes(whole.replace(b"sizes: 12 16 5", b"sizes: 9999 9999 9999"))
    with pytest.raises(DataError, match="declares"):
        read_seg_nrrd(tmp_path / "b.seg.nrrd")
    (tmp_path / "b.seg.nrrd").write_bytes(whole.replace(b"sizes: 12 16 5", b"sizes: 9 999 9").ljust(1 << 18, b"\0"))
    monkeypatch.setattr("job.datasets.fit.SMALL", 1)
    monkeypatch.setattr("job.memory.available", lambda: 1000)
    with pytest.raises(MemoryShortageError):
        read_seg_nrrd(tmp_path / "b.seg.nrrd")
