"""With `pseudonymise`, no table names an image or a patient; the plan alone knows the addresses."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from job.datasets.pseudonyms import hidden, pseudonym, with_numbers
from tests.cases import SPEC, draw_case, medsam_job, use_fake_models, write_study
from tests.datasets.formats.dicom.written import grid, phantom, slices, stored
from tests.datasets.make import dataset, grey, load, nifti, pair
from tests.study.small import SMALL, only_fault

SALT = "0123456789abcdef"


def test_a_pseudonym_is_an_hmac():
    """The second test case of RFC 4231."""
    assert pseudonym("Jefe", "what do ya want for nothing?") == "5bdcc146bf60754e"


def test_the_longest_address_is_hidden_first():
    """One address may be the beginning of another."""
    assert hidden("a/b.png and a/b.png.png", ["a/b.png", "a/b.png.png"], "x") == "x and x"


def test_names_in_a_folder_become_numbers():
    """As words of their own, and not where a short number counts something."""
    names = ["1", "Muster^Erika 01.dcm", "Muster.txt", "00012345"]
    text = "1 files are left out: Muster.txt (no image), Muster^Erika 01.dcm, 00012345: xMuster.txt"
    assert with_numbers(text, names) == "1 files are left out: file 3 (no image), file 2, file 4: xMuster.txt"


def test_no_line_names_a_file_of_a_series(tmp_path):
    """Such files often have the patient's name."""
    for number, item in enumerate(slices(*stored(phantom() + 20, grid()))):
        (tmp_path / "Erika").mkdir(exist_ok=True)
        item.save_as(tmp_path / f"Erika/Muster_{number}.dcm", enforce_file_format=True)
    nifti(tmp_path / "mask.nii.gz", (phantom() > 0).astype(np.uint8), grid())
    data = dataset(tmp_path, images=f"{tmp_path}/*/", masks=f"{tmp_path}/mask.nii.gz", pseudonymise=SALT)
    (tmp_path / "Erika/Muster.txt").write_text("note")
    (line,) = load(data, tmp_path).left_out
    assert "left out: file 1 (not a DICOM file)" in line.detail
    data_file = tmp_path / "Erika/Muster_2.dcm"
    data_file.write_bytes(data_file.read_bytes()[:-9])
    (line,) = load(data, tmp_path).left_out
    assert (line.kind, "file 4: truncated" in line.detail, "Muster" in line.detail) == ("error", True, False)


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Run a study of four images, of which one is damaged and one lacks its mask; return a function that does so."""
    use_fake_models(monkeypatch)
    monkeypatch.setenv("MEDSAM_SALT", SALT)

    def run(setting):
        text = SPEC.replace('patient: "{{stem}}"', 'patient: "{{stem}}"' + setting)
        assert text != SPEC or not setting
        spec = write_study(tmp_path, cases=0, text=text)
        for number, name in enumerate(("Erika", "Max", "Otto", "Ida")):
            draw_case(tmp_path / "data", f"{name} Muster.png", seed=number)
        (tmp_path / "data/images/Otto Muster.png").write_bytes(b"no image")
        (tmp_path / "data/masks/Ida Muster.png").unlink()
        output = tmp_path / ("hidden" if setting else "clear")
        assert medsam_job(monkeypatch, spec, "--output", output) == 3
        return output

    return run


def rows(output, table):
    return [row for file in (output / table).glob("*.parquet") for row in pq.read_table(file).to_pylist()]


def test_no_table_names_a_patient(study):
    """Neither in a column nor in a reason; the scores are the same."""
    clear, hashed = study(""), study("\n    pseudonymise: ${{MEDSAM_SALT}}")
    assert "Muster" in json.dumps([rows(clear, "objects"), rows(clear, "excluded")], default=str)
    for table in ("objects", "iou", "predictions", "excluded"):
        assert "Muster" not in json.dumps(rows(hashed, table), default=str)
        assert rows(hashed, table)
    for file in hashed.rglob("*.csv"):
        assert "Muster" not in file.read_text()
    assert "Muster" not in (hashed / "manifest.json").read_text()
    assert SALT not in (hashed / "manifest.json").read_text()
    scores = [sorted(row["iou"] for row in rows(output, "iou")) for output in (clear, hashed)]
    assert scores[0] == scores[1]
    names = {(row["image"], row["patient"]) for row in rows(hashed, "objects")}
    expected = {(pseudonym(SALT, f"{n} Muster.png"), pseudonym(SALT, f"{n} Muster")) for n in ("Erika", "Max")}
    assert names == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a-secret-of-16-chars", "expected a variable, such as ${MEDSAM_SALT}"),
        ("${MEDSAM_SALT}", "expected at least 16 characters"),
    ],
)
def test_the_salt_is_a_secret_of_some_length(value, expected):
    """It does not stand in the spec, and no fault shows it."""
    fault = only_fault(SMALL.replace("tasks:", f"pseudonymise: {value}\n    tasks:"), {"MEDSAM_SALT": "hush"})
    assert expected in fault
    assert "hush" not in fault


def test_instances_of_coco_are_found_by_the_name_of_the_file(tmp_path):
    """The JSON file knows no pseudonym."""
    pair(tmp_path, grey(), grey())
    image = {"id": 1, "file_name": "a.png", "height": 4, "width": 6}
    mask = {"image_id": 1, "category_id": 1, "segmentation": {"size": [4, 6], "counts": [0, 4, 20]}}
    content = {"images": [image], "annotations": [mask], "categories": [{"id": 1, "name": "cell"}]}
    (tmp_path / "instances.json").write_text(json.dumps(content))
    data = dataset(tmp_path, masks=f"{tmp_path}/instances.json", tasks={"cell": "cell"}, pseudonymise=SALT)
    (sample,) = load(data, tmp_path).samples
    assert sample.image == pseudonym(SALT, "a.png")
    assert sample.objects[0].truth_HW[:, 0].all()  # the first column
