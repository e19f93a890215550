"""`label_names`: labels by the names that a dataset.json lists."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from job.datasets.discover import discover
from job.errors import PairingError
from tests.datasets.make import dataset, grey, load, pair

NNUNET = {"labels": {"background": 0, "PZ": 1, "TZ": 2, "prostate": [1, 2]}}
DECATHLON = {"labels": {"0": "background", "1": "PZ", "2": "TZ"}}


def named(folder: Path, content: Any, **tasks: Any) -> Any:
    """Return a data set over one image, whose mask has label 1 at (0, 0) and 2 at (3, 5)."""
    mask = np.zeros((4, 6), np.uint8)
    mask[0, 0], mask[3, 5] = 1, 2
    pair(folder, grey(), mask)
    (folder / "dataset.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return dataset(folder, label_names=f"{folder}/dataset.json", tasks=tasks)


def pixels(folder: Path, data: Any) -> dict[str, list[list[int]]]:
    """Return the pixels of each object."""
    (sample,) = load(data, folder).samples
    return {obj.task: np.argwhere(obj.truth_HW).tolist() for obj in sample.objects}


@pytest.mark.parametrize("content", [NNUNET, DECATHLON], ids=["nnU-Net", "Decathlon"])
def test_a_name_stands_for_its_value(tmp_path: Path, content: Any) -> None:
    """nnU-Net maps names to values, the Decathlon values to names."""
    data = named(tmp_path, content, peripheral="PZ", transition={"label": "TZ"}, both=["PZ", 2])
    assert pixels(tmp_path, data) == {"peripheral": [[0, 0]], "transition": [[3, 5]], "both": [[0, 0], [3, 5]]}


def test_a_region_of_nnunet_has_several_values(tmp_path: Path) -> None:
    """One name, a list of values."""
    assert pixels(tmp_path, named(tmp_path, NNUNET, gland="prostate")) == {"gland": [[0, 0], [3, 5]]}


def test_an_unknown_name_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    """Before any image is read."""
    with pytest.raises(PairingError, match=r"no label 'CZ' in `label_names`, which has background, PZ, TZ, prostate"):
        discover(named(tmp_path, NNUNET, a="CZ"))


OTHER = {
    "empty": "",
    "list": "[1]",
    "no labels": "{}",
    "array": '{"labels": ["a"]}',
    "fraction": '{"labels": {"a": 1.5}}',
    "deep": "[" * 10**6,
}


@pytest.mark.parametrize("content", OTHER.values(), ids=OTHER)
def test_another_file_is_refused(tmp_path: Path, content: str) -> None:
    """Not JSON, or JSON without labels, however deep."""
    with pytest.raises(PairingError, match='expected a JSON object with "labels"'):
        discover(named(tmp_path, content, a="PZ"))


def test_the_values_are_part_of_the_plan(tmp_path: Path) -> None:
    """So that another dataset.json makes other parts."""
    (source,) = discover(named(tmp_path, NNUNET, gland="prostate", first=1))
    assert source.label_values == {"gland": (1, 2)}
