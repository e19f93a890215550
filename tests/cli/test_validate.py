"""`medsam-job validate` prints the faults of a spec, the files that a run would leave out, and a verdict."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.cases import SPEC, medsam_job, use_fake_models, write_study


@pytest.fixture
def validate(monkeypatch, capfd):
    """Return a function that validates a spec and returns its exit code and the printed lines."""

    def run(*arguments):
        capfd.readouterr()
        code = medsam_job(monkeypatch, "validate", *arguments)
        return code, capfd.readouterr().out.splitlines()

    return run


def test_a_sound_spec_ends_with_0(validate, tmp_path):
    """The notes say how many images were read."""
    assert validate(write_study(tmp_path)) == (
        0,
        [
            "Discs: 3 images, 3 patients (case0, case1, case2); 3 read whole; labels: 0 (in 3), 1 (in 3), 2 (in 3)",
            "the spec is sound",
        ],
    )


def test_a_file_that_cannot_be_read_ends_with_3_as_a_run_would(validate, tmp_path):
    """It is printed with data set, name and reason."""
    spec = write_study(tmp_path, cases=1)
    (tmp_path / "data/images/bad.png").write_bytes(b"no image")
    code, lines = validate(spec)
    assert code == 3
    assert lines[0].startswith("Discs: bad.png: error: ")
    assert lines[-1] == "a run would end with 3: 1 image left out"


def test_all_faults_are_printed_with_their_places_and_counted(validate, tmp_path):
    """A label that occurs nowhere, and an output that is a file."""
    spec = write_study(tmp_path, cases=1, text=SPEC.replace("ring: 2", "ring: 9"))
    (tmp_path / "results").write_text("in the way")
    code, lines = validate(spec)
    assert code == 2
    assert lines[0].startswith(f"{spec}:9:22: datasets[0].tasks.ring: no object of this task in 1 of 1 images")
    assert lines[1].startswith(f"{spec}:2:1: output: output {tmp_path}/results is not writable")
    assert lines[-1] == "the spec has 2 faults; 0 images left out"


@pytest.mark.parametrize("made", ["", "results", "results/deep"])
def test_no_empty_folder_stays_behind(validate, tmp_path, made):
    """Those that were there stay, as what is in them does."""
    spec = write_study(tmp_path, cases=1, text=SPEC.replace("output: {output}", "output: {output}/deep/down"))
    (tmp_path / made).mkdir(parents=True, exist_ok=True)
    before = {path.relative_to(tmp_path) for path in tmp_path.rglob("*")}
    assert validate(spec)[0] == 0
    assert {path.relative_to(tmp_path) for path in tmp_path.rglob("*")} == before


def test_a_place_for_embeddings_that_cannot_be_written_to_is_a_fault(validate, tmp_path):
    """A run would go on without it."""
    spec = write_study(tmp_path, cases=1, text=SPEC.replace("chunk: 4", "chunk: 4, embeddings: {output}-kept"))
    (tmp_path / "results-kept").write_text("in the way")
    code, lines = validate(spec)
    assert code == 2
    assert lines[0].startswith(f"{spec}:17:36: execution.embeddings: embeddings {tmp_path}/results-kept is not writabl")


def test_an_output_in_the_place_for_embeddings_is_refused(validate, tmp_path):
    """The spec's own output lies elsewhere."""
    spec = write_study(tmp_path, cases=1, text=SPEC.replace("chunk: 4", "chunk: 4, embeddings: {output}-kept"))
    assert validate(spec)[0] == 0
    assert validate(spec, "--output", tmp_path / "results-kept/a") == (2, [])


def test_the_output_of_the_command_line_is_checked_instead_of_the_specs(validate, tmp_path):
    """Here it can be written, and the spec's cannot."""
    spec = write_study(tmp_path, cases=1)
    (tmp_path / "results").write_text("in the way")
    assert validate(spec)[1][-1] == "the spec has 1 fault; 0 images left out"
    assert validate(spec, "--output", tmp_path / "elsewhere")[0] == 0


def test_a_task_that_an_unreadable_image_may_hold_is_no_fault(validate, tmp_path):
    """Its only image cannot be read: the note says so, and does not blame the label."""
    spec = write_study(tmp_path, cases=1, text=SPEC.replace("ring: 2", "ring: 9"))
    (tmp_path / "data/images/bad.png").write_bytes(b"no image")
    code, lines = validate(spec)
    assert code == 3
    assert "Discs, ring: no object of this task in 1 of 2 images; the images with errors may hold it" in lines


def test_warnings_are_those_of_the_run(validate, tmp_path, monkeypatch):
    """Both report the same lines of the ledger, here a window that makes every image white."""
    use_fake_models(monkeypatch)
    spec = write_study(tmp_path, cases=2, text=SPEC.replace("{{scale: minmax}}", "{{window: [-500, 100]}}"))
    code, lines = validate(spec)
    assert code == 0
    assert lines[-1] == "the spec is sound, 2 warnings"
    assert medsam_job(monkeypatch, spec, "--only", "predict") == 0
    ledger = pq.read_table(tmp_path / "results/excluded").to_pylist()
    assert [f"{row['dataset']}: {row['image']}: {row['kind']}: {row['reason']}: {row['detail']}" for row in ledger] == [
        line for line in lines if ": warning: " in line
    ]


def test_values_that_the_intensity_rule_refuses_are_errors_already_here(validate, tmp_path):
    """Negative values under `scale: max`: every image would be left out."""
    draw = write_study(tmp_path, cases=1, text=SPEC.replace("{{scale: minmax}}", "{{scale: max}}"))
    values = np.asarray(Image.open(tmp_path / "data/images/case0.png")).astype(np.float32) - 100
    Image.fromarray(values).save(tmp_path / "data/images/case0.tif")
    (tmp_path / "data/images/case0.png").unlink()
    draw.write_text(draw.read_text().replace("images/*.png", "images/*.tif").replace("{name}", "{stem}.png"))
    code, lines = validate(draw)
    assert code == 3
    assert "negative values" in lines[0]


@pytest.mark.parametrize(
    ("old", "new", "remarks"),
    [
        ("name: Discs", "name: Discs", 1),
        ("name: Discs", "name: CT-Colon", 1),
        ("tasks: {{disc: 1", "published_as: CT-Colon\n    tasks: {{foreground: 1", 0),
    ],
    ids=["neither", "the data set alone", "both"],
)
def test_a_comparison_with_no_published_mean_is_remarked(validate, tmp_path, old, new, remarks):
    """It would print nothing. A data set and a task together have a published mean."""
    text = SPEC.replace(old, new).replace("family:", "published: sam_vit_h\n    family:")
    code, lines = validate(write_study(tmp_path, text=text))
    assert code == 0
    assert sum("has a published mean of sam_vit_h" in line for line in lines) == remarks


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("passwd", b"root:x:0:0:root:/root:/bin/bash", "expected a checkpoint named .pth, .pt, .safetensors"),
        ("page.pth", b"<html>404</html>", "damaged, incomplete, or no .pth checkpoint"),
        ("empty.pth", b"", "the file is empty (0 bytes)"),
    ],
)
def test_a_file_that_is_no_checkpoint_is_a_fault_at_its_place(validate, tmp_path, name, content, expected):
    """Whatever else it is."""
    (tmp_path / name).write_bytes(content)
    model = f"family: sam\n    arch: vit_b\n    checkpoint: {tmp_path}/{name}"
    spec = write_study(tmp_path, cases=1, text=SPEC.replace("family: lite_medsam", model))
    code, lines = validate(spec)
    assert code == 2
    assert lines[0].startswith(f"{spec}:15:5: models[0].checkpoint: {tmp_path}/{name}: ")
    assert expected in lines[0]


def test_a_missing_official_checkpoint_is_named_with_its_address_and_hash(validate, tmp_path):
    """So that a newcomer can fetch it."""
    model = f"family: sam\n    arch: vit_b\n    checkpoint: {tmp_path}/sam_vit_b_01ec64.pth"
    code, lines = validate(write_study(tmp_path, cases=1, text=SPEC.replace("family: lite_medsam", model)))
    assert code == 2
    assert lines[0].endswith(
        "nothing is there; SAM ViT-B is to be had at https://dl.fbaipublicfiles.com/segment_anything/"
        "sam_vit_b_01ec64.pth (375 MB, sha256 ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912)"
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mine.safetensors", "lite: name the checkpoint's sha256 in the spec, so that no other is taken: "),
        ("sam_vit_b_01ec64.pth", "lite: the checkpoint has the name of SAM ViT-B, but its sha256 is "),
    ],
)
def test_a_checkpoint_without_sha256_in_the_spec_is_remarked_with_its_own(validate, tmp_path, name, expected):
    """To be copied into the spec; or to be compared with that of the official file whose name it has."""
    (tmp_path / name).write_bytes(b"abc")
    model = f"family: sam\n    arch: vit_b\n    checkpoint: {tmp_path}/{name}"
    _, lines = validate(write_study(tmp_path, cases=1, text=SPEC.replace("family: lite_medsam", model)))
    assert any(
        line.startswith(f"{expected}ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") for line in lines
    )


def test_images_without_patients_are_warned_of_once_as_in_the_run(validate, tmp_path, monkeypatch):
    """The line of the ledger is the same, and the run ends with 0, whatever the number of chunks."""
    spec = write_study(tmp_path, cases=6, text=SPEC.replace('    patient: "{{stem}}"\n', ""))
    code, lines = validate(spec)
    assert (code, lines[-1]) == (0, "the spec is sound, 1 warning")
    use_fake_models(monkeypatch)
    assert medsam_job(monkeypatch, spec) == 0
    rows = pq.read_table(tmp_path / "results/excluded").to_pylist()
    (row,) = (row for row in rows if row["kind"] == "warning")
    assert (row["image"], row["axis"], row["slice"], row["task"]) == ("case0.png", "none", 0, None)
    assert lines[0] == f"Discs: case0.png: warning: patients not stated: {row['detail']}"
    assert '"{image}" if each image is of another patient' in row["detail"]


def test_the_statement_that_each_image_is_a_patient_needs_no_warning(validate, tmp_path):
    """`{image}` is the image's address."""
    lines = validate(write_study(tmp_path, text=SPEC.replace("{{stem}}", "{{image}}")))[1]
    assert lines[0].startswith("Discs: 3 images, 3 patients (case0.png, case1.png, case2.png); ")
    assert lines[-1] == "the spec is sound"
