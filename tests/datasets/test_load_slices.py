"""Which slices of a volume become samples, and which lines of the ledger."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from job.datasets.load import Loaded
from tests.datasets.make import dataset, kept, labelled, ledger, load, numbered, volumes


def load_by(rule: dict[str, Any], tmp_path: Path, *objects: int, slices: tuple[int, ...] | None = None) -> Loaded:
    """Load a volume of 6 axial slices, some of them labelled, by a rule of the spec."""
    volumes(tmp_path, numbered(), labelled(*objects))
    return load(dataset(tmp_path, slices=rule), tmp_path, slices)


@pytest.mark.parametrize(
    ("rule", "slices", "empty"),
    [
        ({}, [1, 4], []),
        ({"keep": "all"}, [1, 4], [0, 2, 3, 5]),
        ({"keep": {"every": 2}}, [4], [0, 2]),
        ({"keep": {"every": 3}}, [], [0, 3]),
        ({"keep": "largest"}, [4], []),
        ({"indices": [0, 4]}, [4], [0]),
        ({"indices": [4, 1, 4]}, [1, 4], []),
    ],
)
def test_rules(tmp_path: Path, rule: dict[str, Any], slices: list[int], empty: list[int]) -> None:
    """Slice 1 has one object voxel, slice 4 two; an empty slice has a line if the rule asks for it."""
    loaded = load_by(rule, tmp_path, 1, 4)
    assert kept(loaded) == slices
    assert ledger(loaded.left_out) == [(index, "object", "empty", "no object") for index in empty]


def test_the_chunks_of_a_volume_add_up_to_it(tmp_path: Path) -> None:
    """Loaded in two pieces, the same slices are kept."""
    assert kept(load_by({}, tmp_path, 1, 4, slices=(0, 1, 2))) == [1]
    assert kept(load_by({}, tmp_path, 1, 4, slices=(3, 4, 5))) == [4]


def test_only_candidates_of_the_rule_are_loaded(tmp_path: Path) -> None:
    """Of slices 1 to 4, `every: 2` has 2 and 4."""
    loaded = load_by({"keep": {"every": 2}}, tmp_path, 1, 4, slices=(1, 2, 3, 4))
    assert (kept(loaded), ledger(loaded.left_out)) == ([4], [(2, "object", "empty", "no object")])


def test_a_task_without_object_in_a_kept_slice_has_a_line(tmp_path: Path) -> None:
    """Slice 1 holds one task's object, slice 4 the other's."""
    volumes(tmp_path, numbered(), labelled(1, label=1) + labelled(4, label=2))
    loaded = load(dataset(tmp_path, tasks={"liver": 1, "spleen": 2}), tmp_path)
    assert kept(loaded) == [1, 4]
    assert ledger(loaded.left_out) == [(1, "spleen", "empty", "no object"), (4, "liver", "empty", "no object")]


def test_largest_counts_the_objects_of_all_tasks(tmp_path: Path) -> None:
    """Two tasks with one voxel each in slice 4 outweigh a single task with one voxel in slice 1."""
    volumes(tmp_path, numbered(), labelled(4, label=1) + labelled(4, label=1)[::-1] * 2 + labelled(1, label=1))
    assert kept(load(dataset(tmp_path, tasks={"a": 1, "b": 2}, slices={"keep": "largest"}), tmp_path)) == [4]


def test_largest_counts_a_pixel_of_two_tasks_once(tmp_path: Path) -> None:
    """Two tasks on the same voxel of slice 4 do not outweigh a single task on a voxel of slice 1, which is first."""
    volumes(tmp_path, numbered(), labelled(4, label=1) + labelled(1, label=2))
    tasks = {"a": 1, "b": (1, 3), "c": 2}
    assert kept(load(dataset(tmp_path, tasks=tasks, slices={"keep": "largest"}), tmp_path)) == [1]


def test_largest_keeps_the_first_of_equal_slices(tmp_path: Path) -> None:
    """Slices 2 and 3 have two voxels each, slice 1 has one."""
    volumes(tmp_path, numbered(), labelled(1, 2) + labelled(0, 3) * (np.arange(6) == 3))
    assert kept(load(dataset(tmp_path, slices={"keep": "largest"}), tmp_path)) == [2]


def test_largest_of_the_given_slices(tmp_path: Path) -> None:
    """Of slices 2 to 5, slice 4 is the largest, though slice 1 is larger."""
    assert kept(load_by({"keep": "largest"}, tmp_path, 4, 1, slices=(2, 3, 4, 5))) == [4]


@pytest.mark.parametrize("keep", ["labelled", "largest"])
def test_a_volume_without_any_object_has_a_line(tmp_path: Path, keep: str) -> None:
    """One line for each task, in the chunk that holds slice 0 and in no other."""
    (line,) = load_by({"keep": keep}, tmp_path).left_out
    assert ledger([line]) == [(0, "object", "empty", "no object")]
    assert line.detail == "in none of the 6 slices of the volume"
    assert load_by({"keep": keep}, tmp_path, slices=(3, 4, 5)).left_out == []


def test_a_chunk_without_any_object_has_no_line_if_another_has_one(tmp_path: Path) -> None:
    """The object is in slice 4."""
    assert load_by({}, tmp_path, 4, slices=(0, 1, 2)).left_out == []


def test_an_index_beyond_the_volume_is_an_error(tmp_path: Path) -> None:
    """The message says how many slices there are."""
    loaded = load_by({"axis": "coronal", "indices": [0, 5]}, tmp_path, 1)
    (line,) = loaded.left_out
    assert kept(loaded) == [0]
    assert ledger([line]) == [(5, None, "error", "no such slice")]
    assert line.axis == "coronal"
    assert line.detail == "the volume has 5 coronal slices, 0 to 4"
