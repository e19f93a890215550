"""`medsam-job show` draws the cases that a query names, and writes masks back as volumes."""

import json

import nibabel
import numpy as np
import pytest
from PIL import Image

from tests.cases import SPEC, draw_case, medsam_job, use_fake_models, write_study
from tests.datasets.make import nifti

CLICKS = SPEC.replace(
    "modes: [whole_box, each_box]", "clicks: {{protocol: mazurowski2023, max: 3}}\n    mask_choice: [oracle]"
).replace("family: lite_medsam", "family: lite_medsam_clicks")


@pytest.fixture
def run(monkeypatch, capfd, tmp_path):
    """Return a function that runs the command line with quick models, and returns its code and printed lines."""
    use_fake_models(monkeypatch)
    monkeypatch.chdir(tmp_path)

    def run_(*arguments):
        capfd.readouterr()
        code = medsam_job(monkeypatch, *arguments)
        captured = capfd.readouterr()
        return code, (captured.out + captured.err).splitlines()

    return run_


@pytest.fixture
def show(run, tmp_path):
    """Return a function that shows cases of the study that was run."""

    def show_(*arguments):
        return run("show", tmp_path / "results", *arguments)

    return show_


def pixels(path):
    """Return a picture, uint8 HxWx3."""
    return np.asarray(Image.open(path).convert("RGB"))


def test_one_sheet_shows_all_cases(ran, show, tmp_path):
    """By default in the folder at hand."""
    ran(tmp_path, cases=2)
    code, lines = show("WHERE task = 'disc' AND prompt = 'whole_box'")
    assert (code, lines) == (0, ["2 cases", "wrote cases.png"])
    assert Image.open(tmp_path / "cases.png").format == "PNG"


def test_a_folder_gets_a_picture_of_each_case(ran, show, tmp_path):
    """In the order of the query, with names that any file system takes."""
    ran(tmp_path, cases=2)
    code, lines = show("task = 'ring' ORDER BY image DESC", "--output", "failures")
    names = ["1-Discs-ring-case1.png", "2-Discs-ring-case0.png"]
    assert (code, lines) == (0, ["2 cases", *(f"wrote failures/{name}" for name in names)])
    assert sorted(path.name for path in (tmp_path / "failures").iterdir()) == names


def test_those_left_out_are_counted(ran, show, tmp_path):
    """With the way to see them."""
    ran(tmp_path, cases=2)
    assert show("TRUE", "--limit", 2)[1][0] == "2 of 4 cases; 2 left out: --limit 4 shows all"


def test_the_image_is_drawn_as_it_was_read(ran, show, tmp_path):
    """A pixel far from the object: minmax makes 255 of the brightest, enlarged with its neighbours apart."""
    ran(tmp_path, cases=2)
    draw_case(tmp_path / "data", "case0.png", seed=0)
    show("task = 'disc'", "--output", "look")
    sheet = pixels(tmp_path / "look/1-Discs-disc-case0.png")
    image = np.asarray(Image.open(tmp_path / "data/images/case0.png")).astype(float)
    grey = int((image[47, 47] - image.min()) / (image.max() - image.min()) * 255)
    block = sheet[:, :, 0] == grey
    assert (block & (sheet.std(axis=2) == 0)).sum() >= 36


def test_an_image_that_has_changed_is_told_and_not_drawn(run, show, tmp_path):
    """Its masks are."""
    run(write_study(tmp_path, cases=2), "--only", "predict")
    show("task = 'disc'", "--output", "before")
    Image.fromarray(np.zeros((48, 48), np.uint8)).save(tmp_path / "data/images/case0.png")
    code, lines = show("task = 'disc'", "--output", "after")
    assert code == 0
    assert lines[0].startswith("masks alone for 1 image, such as case0.png: ")
    assert "changed since it was planned" in lines[0]
    names = ["1-Discs-disc-case0.png", "2-Discs-disc-case1.png"]
    same = [np.array_equal(pixels(tmp_path / "before" / name), pixels(tmp_path / "after" / name)) for name in names]
    assert same == [False, True]


def test_images_that_are_all_gone_are_one_line(run, show, tmp_path):
    """A data set that has moved has as many reasons as images, which differ by the name of the image alone."""
    run(write_study(tmp_path), "--only", "predict")
    for image in (tmp_path / "data/images").iterdir():
        image.unlink()
    lines = show("task = 'disc'")[1]
    assert [line[:42] for line in lines if "nothing is there" in line] == ["masks alone for 3 images, such as case0.pn"]


def test_images_are_found_though_the_variable_of_the_spec_is_not_set(run, show, tmp_path, monkeypatch):
    """The plan has their addresses."""
    monkeypatch.setenv("DATA", str(tmp_path / "data"))
    spec = write_study(tmp_path, cases=1)
    spec.write_text(spec.read_text().replace(f"{tmp_path}/data", "${DATA}"))
    run(spec, "--only", "predict")
    monkeypatch.delenv("DATA")
    assert show("task = 'disc'") == (0, ["1 case", "wrote cases.png"])


def test_data_that_moved_are_found_where_the_variable_says(run, show, tmp_path, monkeypatch):
    """Or else the masks are shown alone, with the reason."""
    monkeypatch.setenv("DATA", str(tmp_path / "data"))
    spec = write_study(tmp_path, cases=1)
    spec.write_text(spec.read_text().replace(f"{tmp_path}/data", "${DATA}"))
    run(spec, "--only", "predict")
    (tmp_path / "data").rename(tmp_path / "elsewhere")
    assert "nothing is there" in show("task = 'disc'")[1][0]
    monkeypatch.setenv("DATA", str(tmp_path / "elsewhere"))
    assert show("task = 'disc'") == (0, ["1 case", "wrote cases.png"])


def test_while_no_worker_has_ended_a_spec_can_be_given(run, show, tmp_path):
    """Its manifest, with the spec, is the last that it stores."""
    spec = write_study(tmp_path, cases=1)
    run(spec, "--only", "predict")
    for manifest in (tmp_path / "results/manifests").iterdir():
        manifest.unlink()
    assert show("task = 'disc'")[1][0] == (
        "masks alone for 1 image, such as case0.png: no worker has stored its manifest with the spec yet; give the "
        "spec by --spec"
    )
    assert show("task = 'disc'", "--spec", spec) == (0, ["1 case", "wrote cases.png"])
    code, lines = show("task = 'disc'", "--spec", tmp_path / "none.yaml")
    assert (code, len(lines)) == (2, 1)


@pytest.mark.parametrize("query", ["iou > 2", "SELECT image FROM iou", "iou <", "TRUE; SELECT 1"])
def test_a_query_that_names_no_case_ends_with_2(ran, show, tmp_path, query):
    """In lines that say so, and without a file."""
    ran(tmp_path, cases=2)
    code, lines = show(query)
    assert (code, lines[0].startswith("query: ")) == (2, True)
    assert "Traceback" not in "".join(lines)
    assert not (tmp_path / "cases.png").exists()


@pytest.mark.parametrize("to", ["results/look.png", "results", "http://localhost/x.png"])
def test_a_place_that_may_not_be_written_to_ends_with_2(ran, show, tmp_path, to):
    """The output holds results alone."""
    ran(tmp_path, cases=2)
    code, lines = show("TRUE", "--output", to if "://" in to else tmp_path / to)
    assert (code, lines[0].startswith("--output ")) == (2, True)


def test_names_cannot_leave_the_folder(run, show, tmp_path):
    """A data set and an image whose names are paths, markup and signs."""
    spec = write_study(tmp_path, cases=1, text=SPEC.replace("name: Discs", "name: '..: <b>'"))
    for kind in ("images", "masks"):
        (tmp_path / f"data/{kind}/case0.png").rename(tmp_path / f"data/{kind}/'; rm -rf $HOME.png")
    assert run(spec, "--only", "predict")[0] == 0
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    for form in ("png", "nifti"):
        assert show("TRUE", "--format", form, "--output", "here")[0] == 0
    made = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert len(made) == 2 + 2 + 4
    assert all(path.is_relative_to(tmp_path / "here") for path in made)


def volume_study(folder, axis="axial"):
    """Write a study of one oblique volume with two tasks; return its spec and the paths of image and mask."""
    rng = np.random.default_rng(5)
    labels = np.zeros((9, 10, 11), np.uint8)
    labels[2:5, 3:8, 1:9] = 1
    labels[5:8, 4:7, 2:6] = 2
    affine = np.array([[0.1, -1.9, 0, 50], [1.4, 0.1, 0.1, -20], [0, 0.1, -3, 7], [0, 0, 0, 1]])
    values = (rng.integers(0, 50, labels.shape) + 100 * labels).astype(np.int16)
    paths = [nifti(folder / f"data/{kind}/v.nii.gz", array, affine)
             for kind, array in (("images", values), ("masks", labels))]  # fmt: skip
    text = CLICKS.replace("*.png", "*.nii.gz").replace(
        "    intensity", f"    slices: {{{{axis: {axis}}}}}\n    intensity"
    )
    return write_study(folder, cases=0, text=text), *paths


@pytest.mark.parametrize("axis", ["axial", "coronal", "sagittal"])
def test_truth_written_back_is_the_mask_file(run, show, tmp_path, axis):
    """Voxel by voxel, in its geometry, for each task; and a file of each prediction."""
    spec, _, mask = volume_study(tmp_path, axis)
    assert run(spec, "--only", "predict")[0] == 0
    code, lines = show("WHERE prompt = 'clicks'", "--format", "nifti", "--output", "back")
    assert code == 0
    assert lines[-1] == "in the volumes, slices that are not among these hold 0"
    labels = nibabel.load(mask)
    for task, value in (("disc", 1), ("ring", 2)):
        truth = nibabel.load(tmp_path / f"back/Discs/v/{task}-truth.nii.gz")
        assert np.array_equal(np.asarray(truth.dataobj), np.asarray(labels.dataobj) == value)
        assert np.allclose(truth.affine, labels.affine, atol=1e-5)
        (prediction,) = (tmp_path / "back/Discs/v").glob(f"{task}-lite-mazurowski2023-click3-oracle-*.nii.gz")
        assert nibabel.load(prediction).shape == truth.shape


def test_the_overlap_of_written_volumes_is_the_stored_one(run, show, tmp_path):
    """Summed over all slices."""
    spec, *_ = volume_study(tmp_path)
    run(spec, "--only", "predict")
    show("step = 3 AND task = 'disc'", "--format", "nifti", "--output", "back")
    folder = tmp_path / "back/Discs/v"
    truth = np.asarray(nibabel.load(folder / "disc-truth.nii.gz").dataobj) > 0
    (path,) = folder.glob("disc-lite-*.nii.gz")
    predicted = np.asarray(nibabel.load(path).dataobj) > 0
    query = "SELECT sum(intersection_px) i, sum(union_px) u FROM iou WHERE step = 3 AND task = 'disc'"
    row = json.loads(run("sql", tmp_path / "results", query, "--format", "json")[1][0])
    assert (row["i"], row["u"]) == ((truth & predicted).sum(), (truth | predicted).sum())


def test_a_volume_that_is_gone_has_no_file(run, show, tmp_path):
    """Its geometry is unknown; the exit code says that something is lacking."""
    spec, image, _ = volume_study(tmp_path)
    run(spec, "--only", "predict")
    image.unlink()
    code, lines = show("TRUE", "--format", "nifti")
    assert code == 3
    assert lines[0].startswith("no volume for 1 image, such as v.nii.gz: ")


def test_masks_of_2d_images_are_pictures(ran, show, tmp_path):
    """White inside, of the image's size."""
    ran(tmp_path, cases=2)
    draw_case(tmp_path / "data", "case0.png", seed=0)
    code, lines = show("task = 'disc' AND prompt = 'each_box'", "--format", "nifti")
    assert (code, lines[-1]) == (0, "2 cases")
    labels = np.asarray(Image.open(tmp_path / "data/masks/case0.png"))
    assert np.array_equal(pixels(tmp_path / "cases/Discs/case0/disc-truth.png")[..., 0], (labels == 1) * 255)
    assert len(list((tmp_path / "cases/Discs/case0").glob("disc-lite-each_box-*.png"))) >= 1


def test_volumes_need_a_folder(ran, show, tmp_path):
    """Not the name of a picture."""
    ran(tmp_path, cases=2)
    code, lines = show("TRUE", "--format", "nifti", "--output", "a.png")
    assert (code, lines) == (2, ["--output a.png: expected a folder, for a file of each mask"])
