"""Under a limit of its memory, a run does what fits, names what does not, and ends with 3."""

import resource
import subprocess
import sys

import cv2
import numpy as np
import pyarrow.parquet as pq

from tests.cases import SPEC, write_study

LIMIT = 3 << 30
RITM = 'family: ritm\n    arch: hrnet18s\n    checkpoint: "package://job/models/weights/ritm_h18s_demo.safetensors"'
STUDY = SPEC.replace("family: lite_medsam", RITM).replace(
    "modes: [whole_box, each_box]", "clicks: {{protocol: ritm, max: 2}}"
)


def limited():
    """Limit the memory of the process that is about to start."""
    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))


def test_an_image_too_large_for_ritm_is_named_and_the_small_ones_are_done(tmp_path):
    """9 megapixels take RITM some 12 GiB, before the first click is answered."""
    spec, side = write_study(tmp_path, cases=3, text=STUDY), 3072
    large = np.zeros((side, side), np.uint8)
    large[side // 3 : side // 2, side // 3 : side // 2] = 1
    for kind, array in (("images", 100 * large), ("masks", large)):
        cv2.imwrite(str(tmp_path / "data" / kind / "large.png"), array)
    command = [sys.executable, "-m", "job", str(spec)]
    done = subprocess.run(command, preexec_fn=limited, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    rows = pq.read_table(tmp_path / "results/iou").to_pylist()
    assert {row["image"] for row in rows} == {"case0.png", "case1.png", "case2.png"}
    errors = [row for row in pq.read_table(tmp_path / "results/excluded").to_pylist() if row["kind"] == "error"]
    assert [(row["image"], row["reason"]) for row in errors] == [("large.png", "too little memory")]
    assert "too little memory" in done.stdout
