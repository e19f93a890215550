"""A study is checked before a run: what would be refused is a fault, what would be left out is a finding."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from job.plan.validate import validate
from job.storage import InputCache
from job.study import load
from tests.bad_files import UNUSABLE, add_bad_files
from tests.cases import SPEC, write_study

RITM = SPEC.replace("family: lite_medsam", "family: ritm\n    arch: hrnet18s\n    checkpoint: {data}/ritm.pth")
CLICKED = RITM.replace("modes: [whole_box, each_box]", "clicks: {{protocol: ritm}}")


@pytest.fixture
def check(tmp_path):
    """Validate the study in a folder."""
    return lambda spec, full=False: validate(load(spec), InputCache(tmp_path / "cache", 10**9), full=full)


def lines(faults):
    """Return each fault as text, without the path of its file."""
    return [str(fault).rpartition("/study.yaml:")[2] for fault in faults]


def test_a_sound_study_has_no_fault_and_no_finding(tmp_path, check):
    """The note says how many images were read, and in how many of them each label occurs."""
    report = check(write_study(tmp_path))
    assert (report.faults, report.findings, report.left_out) == ([], [], 0)
    assert report.notes == [
        "Discs: 3 images, 3 patients (case0, case1, case2); 3 read whole; labels: 0 (in 3), 1 (in 3), 2 (in 3)"
    ]


def test_labels_are_counted_apart_for_tasks_with_masks_of_their_own(tmp_path, check):
    """One label, 3, is in one image alone; a map of values above a threshold has no labels."""
    tasks = """
      disc: 1
      ring: {{label: 2, masks: "{data}/masks/{{stem}}.png"}}
      bright: {{above: 0, masks: "{{image}}"}}"""
    spec = write_study(tmp_path, text=SPEC.replace("{{disc: 1, ring: 2}}", tasks))
    path = tmp_path / "data/masks/case1.png"
    mask = np.array(Image.open(path))
    mask[0, 0] = 3
    Image.fromarray(mask).save(path)
    (note,) = check(spec).notes
    labels = "0 (in 3), 1 (in 3), 2 (in 3), 3 (in 1)"
    assert note.endswith(f"3 read whole; labels of disc: {labels}; labels of ring: {labels}")


def test_bad_files_are_findings(tmp_path, check):
    """Each image is counted once, whatever its number of tasks; an image without an object is none."""
    spec = write_study(tmp_path, cases=1)
    add_bad_files(tmp_path / "data")
    report = check(spec)
    assert report.faults == []
    assert {line.image: line.kind for line in report.findings} == dict.fromkeys(UNUSABLE, "error")
    assert report.left_out == len(UNUSABLE)


def test_a_size_that_stands_far_behind_the_beginning_is_found(tmp_path, check):
    """Here behind 320 KiB of remarks, of which only a local copy is read whole."""
    spec = write_study(tmp_path)
    path = tmp_path / "data/images/case1.png"
    content = BytesIO()
    Image.open(path).save(content, "JPEG")
    remark = b"\xff\xfe\xff\xff" + bytes(65533)
    path.write_bytes(content.getvalue()[:2] + remark * 5 + content.getvalue()[2:])
    report = check(spec)
    assert (report.faults, report.findings) == ([], [])


def test_faults_of_all_checks_are_reported_together(tmp_path, check):
    """Here those of prompts, weights and images."""
    spec = write_study(tmp_path, text=RITM.replace("images/*.png", "images/*.jpg"))
    assert [line.split(": ", 1)[1].split(": ")[0] for line in lines(check(spec).faults)] == [
        "prompts[0].modes", "models[0].checkpoint", "datasets[0].images",
    ]  # fmt: skip


def test_demo_weights_are_named_in_a_note(tmp_path, check):
    """They are recognised by their content."""
    text = CLICKED.replace("{data}/ritm.pth", "package://job/models/weights/ritm_h18s_demo.safetensors")
    report = check(write_study(tmp_path, text=text))
    assert report.faults == []
    assert report.notes[0].startswith("Demo weights: lite. ")


@pytest.fixture
def many(tmp_path):
    """A study of 41 images, of which only the second has a ring."""
    spec = write_study(tmp_path, cases=41)
    for number in range(41):
        path = tmp_path / f"data/masks/case{number}.png"
        if number != 1:
            Image.fromarray(np.asarray(Image.open(path)) % 2).save(path)
    return spec


def test_twenty_images_of_each_data_set_are_read_whole(many, check):
    """A task that none of them shows is only a note."""
    report = check(many)
    assert report.faults == []
    assert report.notes == [
        "Discs, ring: no object of this task in 20 of 41 images; --full reads them all",
        "Discs: 41 images, 41 patients (case0, case1, case10, …); 20 read whole; labels: 0 (in 20), 1 (in 20)",
    ]


def test_all_images_are_read_whole_on_request(many, check):
    """The task is then found in the second image."""
    report = check(many, full=True)
    assert (report.faults, report.notes) == (
        [],
        [
            "Discs: 41 images, 41 patients (case0, case1, case10, …); 41 read whole; "
            "labels: 0 (in 41), 1 (in 41), 2 (in 1)"
        ],
    )


@pytest.mark.parametrize("full", [False, True])
def test_a_task_without_any_object_is_a_fault_once_every_image_was_read(tmp_path, check, full):
    """Its label values are most likely wrong."""
    spec = write_study(tmp_path, text=SPEC.replace("ring: 2", "ring: 9"))
    expected = "9:22: datasets[0].tasks.ring: no object of this task in 3 of 3 images: check its label values"
    assert lines(check(spec, full=full).faults) == [expected]


def test_an_image_that_cannot_be_read_may_hold_the_object(tmp_path, check):
    """Then its absence is a note, not a fault of the label values."""
    spec = write_study(tmp_path, text=SPEC.replace("ring: 2", "ring: 9"))
    (tmp_path / "data/images/case1.png").write_bytes(b"")
    report = check(spec, full=True)
    assert report.faults == []
    assert "Discs, ring: no object of this task in 2 of 3 images; the images with errors may hold it" in report.notes


def test_a_checkpoint_of_an_official_name_and_another_content_is_named(tmp_path, check):
    """Beside the fault that it is none; a file of any other name is to have its sha256 in the spec."""
    for name, remark in (
        ("sam_vit_b_01ec64.pth", "the checkpoint has the name of SAM ViT-B, but its sha256 is 2cf24dba"),
        ("mine.pth", "name the checkpoint's sha256 in the spec, so that no other is taken: 2cf24dba"),
    ):
        (tmp_path / name).write_text("hello")  # whose sha256 anybody knows
        model = f"family: sam\n    arch: vit_b\n    checkpoint: {tmp_path}/{name}"
        spec = write_study(tmp_path / name.partition(".")[0], text=SPEC.replace("family: lite_medsam", model))
        assert any(note.startswith(f"lite: {remark}") for note in check(spec).notes)
