"""Lines of the ledger about 2D images: empty, warning, error."""

from pathlib import Path

import numpy as np
import pytest

from tests.datasets.make import dataset, grey, ledger, load, pair, png, save, square, write


def test_a_mask_of_zeros_is_empty_not_an_error(tmp_path: Path) -> None:
    """Each task without an object has a line."""
    pair(tmp_path, grey(), square() * 0)
    loaded = load(dataset(tmp_path, tasks={"liver": 1, "spleen": 2}), tmp_path)
    assert ledger(loaded.left_out) == [(0, "liver", "empty", "no object"), (0, "spleen", "empty", "no object")]
    assert loaded.samples == []


def test_the_line_of_an_empty_task_names_the_labels(tmp_path: Path) -> None:
    """Of two tasks, one has an object; the line of the other shows that its label is wrong."""
    pair(tmp_path, grey(), square(label=7))
    loaded = load(dataset(tmp_path, tasks={"whole": "any", "liver": 1}), tmp_path)
    (line,) = loaded.left_out
    assert ledger([line]) == [(0, "liver", "empty", "no object")]
    assert line.detail == "the labels here are 0, 7"
    assert [obj.task for obj in loaded.samples[0].objects] == ["whole"]


def test_at_most_ten_labels_are_named(tmp_path: Path) -> None:
    """Ten labels are named, of eleven the first ten and an ellipsis."""
    for count, ending in ((10, "8, 9"), (11, "8, 9, …")):
        pair(tmp_path, grey(), np.arange(24, dtype=np.uint8).reshape(4, 6) % count)
        (line,) = load(dataset(tmp_path, tasks={"object": 99}), tmp_path).left_out
        assert line.detail == f"the labels here are 0, 1, 2, 3, 4, 5, 6, 7, {ending}"


def test_the_line_of_an_empty_threshold_names_the_highest_value(tmp_path: Path) -> None:
    """The image's values end at 23."""
    save(tmp_path / "images/a.png", grey())
    data = dataset(tmp_path, tasks={"bright": {"masks": "{image}", "above": 23}})
    (line,) = load(data, tmp_path).left_out
    assert line.detail == "the highest value is 23"


def test_a_constant_image_is_evaluated_as_zeros_with_a_warning(tmp_path: Path) -> None:
    """The warning names the value."""
    pair(tmp_path, grey() * 0 + 7, square())
    loaded = load(dataset(tmp_path), tmp_path)
    assert ledger(loaded.left_out) == [(0, None, "warning", "constant image")]
    assert loaded.left_out[0].detail == "all values are 7; evaluated as zeros"
    assert not loaded.samples[0].image_HWC.any()


def test_an_image_with_nan_is_an_error(tmp_path: Path) -> None:
    """One such value is enough."""
    values = grey().astype(np.float32)
    values[0, 0] = np.nan
    pair(tmp_path, values, square(), "a.tif")
    assert ledger(load(dataset(tmp_path), tmp_path).left_out) == [(0, None, "error", "non-finite values")]


def test_negative_values_need_another_rule_than_max(tmp_path: Path) -> None:
    """CT stored as TIFF is an error under `scale: max`, and can be used with a window."""
    pair(tmp_path, grey().astype(np.int32) - 1000, square().astype(np.int32), "a.tif")
    assert ledger(load(dataset(tmp_path), tmp_path).left_out) == [(0, None, "error", "negative values")]
    windowed = dataset(tmp_path, intensity={"window": (-990, 20)})
    assert len(load(windowed, tmp_path).samples) == 1


@pytest.mark.parametrize("data", [b"", b"text", png([b"\0" * 6] * 4, 6, 8, 0)[:45]])
def test_an_unreadable_image_is_one_error(tmp_path: Path, data: bytes) -> None:
    """An empty file, text, or a truncated image has one line that names it, for all tasks together."""
    save(tmp_path / "masks/a.png", square())
    path = write(tmp_path / "images/a.png", data)
    (line,) = load(dataset(tmp_path, tasks={"liver": 1, "spleen": 2}), tmp_path).left_out
    assert ledger([line]) == [(0, None, "error", "unreadable image")]
    assert str(path) in line.detail


def test_an_unusable_mask_leaves_the_other_tasks(tmp_path: Path) -> None:
    """One task's mask is missing, another's is damaged: each has a line, and the third task is evaluated."""
    pair(tmp_path, grey(), square())
    write(tmp_path / "bad/a.png", b"text")
    tasks = {
        "missing": {"label": 1, "masks": f"{tmp_path}/none/{{name}}"},
        "damaged": {"label": 1, "masks": f"{tmp_path}/bad/{{name}}"},
        "sound": 1,
    }
    loaded = load(dataset(tmp_path, tasks=tasks), tmp_path)
    missing, damaged = loaded.left_out
    assert ledger([missing]) == [(0, "missing", "error", "mask missing")]
    assert ledger([damaged]) == [(0, "damaged", "error", "unreadable mask")]
    assert missing.detail == f"expected a file at {tmp_path}/none/a.png"
    assert f"{tmp_path}/bad/a.png" in damaged.detail
    assert [obj.task for obj in loaded.samples[0].objects] == ["sound"]


def test_a_mask_of_another_size_is_an_error(tmp_path: Path) -> None:
    """Nothing is resized."""
    pair(tmp_path, grey(), square(4, 7))
    (line,) = load(dataset(tmp_path), tmp_path).left_out
    assert ledger([line]) == [(0, "object", "error", "size mismatch")]
    assert line.detail.endswith("the image is 4 x 6, the mask 4 x 7")


def test_a_colour_mask_is_an_error(tmp_path: Path) -> None:
    """Colours are not labels; grey values stored as RGB are."""
    pair(tmp_path, grey(), np.dstack([square(), square(), square(label=9)]))
    assert ledger(load(dataset(tmp_path), tmp_path).left_out) == [(0, "object", "error", "colour mask")]
    pair(tmp_path, grey(), np.dstack([square()] * 3))
    (sample,) = load(dataset(tmp_path), tmp_path).samples
    assert np.array_equal(sample.objects[0].truth_HW, square() == 1)


def test_a_probability_map_has_no_labels(tmp_path: Path) -> None:
    """Its values are not whole numbers."""
    pair(tmp_path, grey(), square().astype(np.float32) / 2, "a.tif")
    assert ledger(load(dataset(tmp_path), tmp_path).left_out) == [
        (0, "object", "error", "labels are not whole numbers")
    ]


def test_an_image_that_claims_too_many_pixels_is_an_error(tmp_path: Path) -> None:
    """The header claims 100,000 x 100,000 pixels."""
    write(tmp_path / "images/a.png", png([b"\0"], 100_000, 8, 0, height=100_000))
    save(tmp_path / "masks/a.png", square())
    assert ledger(load(dataset(tmp_path), tmp_path).left_out) == [(0, None, "error", "too large")]
