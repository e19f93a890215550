"""The report's gallery of a stored study: its cases, their images, and the commands that show them."""

import base64
import io
import json
import re
import shlex
import subprocess

import numpy as np
import pytest
from PIL import Image

from job.cli.gallery import command
from tests.cases import SPEC, draw_case, medsam_job, use_fake_models, write_study


@pytest.fixture
def report(monkeypatch, capfd, tmp_path):
    """Return a function that runs a study and returns the cases of its report's gallery, and the page."""
    use_fake_models(monkeypatch)
    monkeypatch.chdir(tmp_path)

    def run(spec, *arguments):
        assert medsam_job(monkeypatch, spec, *arguments) == 0
        return page_of(tmp_path / "results")

    return run


def page_of(output):
    """Return the cases of a report's gallery, and the page."""
    page = (output / "report.html").read_text(encoding="utf-8")
    found = re.search(r'data-cases></div>\s*<script type="application/json">(.*?)</script>', page, re.DOTALL)
    return (json.loads(found[1]) if found else []), page


def test_up_to_three_objects_of_each_task_are_shown(ran, tmp_path):
    """The worst first, each with every step of every run."""
    ran(tmp_path, cases=4)
    cases, _ = page_of(tmp_path / "results")
    assert [(case["task"], case["kind"]) for case in cases] == [
        (f"Discs: {task}", kind) for task in ("disc", "ring") for kind in ("worst", "median", "best")
    ]
    means = [float(re.search(r"mean IoU ([\d.]+)", case["facts"])[1]) for case in cases]
    assert means[:3] == sorted(means[:3])


def test_the_pictures_are_those_of_the_images(ran, tmp_path):
    """The whole of a small one, as minmax makes it. WebP loses a little."""
    ran(tmp_path, cases=1)
    cases, _ = page_of(tmp_path / "results")
    draw_case(tmp_path / "data", "case0.png", seed=0)
    image = np.asarray(Image.open(tmp_path / "data/images/case0.png")).astype(float)
    grey = (image - image.min()) / (image.max() - image.min()) * 255
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(cases[1]["image"].split(",")[1]))).convert("L"))
    assert shown.shape == (48, 48)
    assert np.abs(shown - grey).mean() < 8


def test_the_spec_can_keep_images_out_of_the_page(report, tmp_path, monkeypatch):
    """Also of a report that is made later; the page says so."""
    spec = write_study(tmp_path, cases=2, text=SPEC + "report: {{images: false}}\n")
    cases, page = report(spec)
    assert {case["image"] for case in cases} == {None}
    assert "Images are left out by the spec" in page
    assert "data:image/webp" not in page
    assert medsam_job(monkeypatch, "report", tmp_path / "results") == 0
    assert {case["image"] for case in page_of(tmp_path / "results")[0]} == {None}


def test_the_spec_can_be_changed_afterwards(report, ran, tmp_path):
    """The statistics step takes the new setting, and rows stay as they are."""
    spec = ran(tmp_path, cases=1)
    assert all(case["image"] for case in page_of(tmp_path / "results")[0])
    spec.write_text(spec.read_text() + "report: {images: false}\n")
    assert not any(case["image"] for case in report(spec, "--only", "statistics")[0])


def test_an_image_that_has_changed_is_not_shown(tmp_path, monkeypatch):
    """The others are; a line says which is not."""
    use_fake_models(monkeypatch)
    assert medsam_job(monkeypatch, write_study(tmp_path, cases=2), "--only", "predict") == 0
    Image.fromarray(np.zeros((48, 48), np.uint8)).save(tmp_path / "data/images/case0.png")
    assert medsam_job(monkeypatch, "report", tmp_path / "results") == 0
    cases, page = page_of(tmp_path / "results")
    assert {case["title"]: case["image"] is None for case in cases} == {"case0.png": True, "case1.png": False}
    assert "Masks alone for 1 image, such as case0.png: " in page


def test_the_command_of_a_case_shows_it_alone(report, tmp_path):
    """Read by a shell, for names with quotes and signs of a shell."""
    spec = write_study(tmp_path, cases=2)
    for kind in ("images", "masks"):
        (tmp_path / f"data/{kind}/case0.png").rename(tmp_path / f'data/{kind}/it\'s $HOME "`x`".png')
    cases, _ = report(spec)
    for case in cases:
        words = subprocess.run(
            ["bash", "-c", f"printf '%s\\n' {case['query']}"], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        assert words[:2] == ["medsam-job", "show"]
        with pytest.MonkeyPatch.context() as patch:
            assert medsam_job(patch, *words[1:], "--output", tmp_path / "one") == 0
        assert len(list((tmp_path / "one").iterdir())) == 1
        for path in (tmp_path / "one").iterdir():
            path.unlink()


def test_a_plain_command_is_easy_to_read():
    """Double quotes around the condition, single ones in it."""
    obj = {"dataset": "A", "image": "a/b.png", "axis": "none", "slice": 0, "task": "Liver"}
    line = command("s3://bucket/out", obj)
    assert line == (
        "medsam-job show s3://bucket/out \"WHERE dataset = 'A' AND image = 'a/b.png' AND axis = 'none' AND slice = 0 "
        "AND task = 'Liver'\""
    )
    assert shlex.split(line)[3].startswith("WHERE dataset = 'A'")


def test_no_object_no_gallery(report, tmp_path):
    """Both tasks lack their labels: the study ends with its fault, and the page without a case."""
    spec = write_study(tmp_path, cases=1, text=SPEC.replace("disc: 1, ring: 2", "disc: 8, ring: 9"))
    with pytest.MonkeyPatch.context() as patch:
        assert medsam_job(patch, spec) == 2
    assert page_of(tmp_path / "results")[0] == []
