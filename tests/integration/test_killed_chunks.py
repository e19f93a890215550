"""An image that kills the process holds up neither the other images nor the next workers, and is named in the end."""

import json
import os
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from tests.cases import SPEC, draw_case, write_study

DEADLY = "case9.png"
KILLED = -9


@pytest.fixture
def work(tmp_path):
    """A study of seven small images in chunks of one, and of one that kills; return a function that runs a worker."""
    spec = write_study(tmp_path, cases=7, text=SPEC.replace("chunk: 4", "chunk: 1"))
    draw_case(tmp_path / "data", DEADLY, seed=9, side=60)

    def work(*arguments, deadly=True):
        command = [sys.executable, "-m", "tests.worker.fake_worker", str(spec), *arguments]
        environment = os.environ | {"DEADLY_ROWS": "60" if deadly else "0", "OMP_NUM_THREADS": "1"}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return work


def images(folder):
    """Return the images that have rows."""
    return {row["image"] for row in pq.read_table(folder / "results/iou").to_pylist()}


def marks(folder):
    """Return the marks; a file that a death cut off as it was written is none."""
    return [path for path in (folder / "results/begun").iterdir() if not path.name.startswith(".writing-")]


def test_after_two_deaths_the_others_are_done_and_the_image_is_named(work, tmp_path):
    """The suspects of the first death go last, each alone: the one that was read ahead is innocent. The third run gives
    up the other.
    """
    assert work("--only", "predict").returncode == KILLED
    suspects = len(marks(tmp_path))
    assert suspects in (1, 2)
    assert work("--only", "predict").returncode == KILLED
    assert len(images(tmp_path)) >= 8 - suspects
    third = work()
    assert third.returncode == 3, third.stderr
    assert "1 chunk failed twice" in third.stdout
    (failed,) = (tmp_path / "results/failed").iterdir()
    record = json.loads(failed.read_text())
    assert record["images"] == [DEADLY]
    assert images(tmp_path) == {f"case{number}.png" for number in range(7)}
    assert "the process ended 2 times during this chunk" in record["failed"]["process"]
    assert marks(tmp_path) == []
    assert work(deadly=False).returncode == 0
    assert DEADLY in images(tmp_path)
    assert marks(tmp_path) == []
