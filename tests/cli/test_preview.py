"""`medsam-job preview` shows a few images of each data set as a run would load them, and writes nothing else."""

import base64
import html
import io
import re

import fsspec
import nibabel
import numpy as np
import pytest
from PIL import Image

from job.datasets.discover import discover
from job.datasets.load import load
from job.storage import InputCache
from job.study import load as load_spec
from tests.cases import GENERATED, SPEC, medsam_job, write_generated, write_study


@pytest.fixture
def preview(monkeypatch, capfd, tmp_path):
    """Return a function that previews a spec and returns its exit code, the printed lines and the page."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code = medsam_job(monkeypatch, "preview", *arguments)
        written = tmp_path / "preview/preview.html"
        captured = capfd.readouterr()
        page = html.unescape(written.read_text(encoding="utf-8")) if written.is_file() else ""
        return code, (captured.out + captured.err).splitlines(), page

    return run


def shown(page):
    """Return the images in a page, as arrays."""
    found = re.findall(r'href="data:image/png;base64,([^"]+)"', page)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(uri))).convert("RGB")) for uri in found]


def test_the_page_shows_what_the_loader_loads(preview, tmp_path):
    """Generated images: the pixels to the last bit, and the pixels and tasks of every object."""
    spec = write_generated(tmp_path, GENERATED.replace("patients: 6, slices: 2", "patients: 2, slices: 2"))
    code, lines, page = preview(spec)
    assert code == 0
    assert lines[-1] == "wrote preview/preview.html"
    dataset = load_spec(spec).study.datasets[0]
    cache = InputCache(tmp_path / "cache", 10**9)
    samples = [sample for each in discover(dataset) for sample in load(dataset, each, None, cache, 10**8).samples]
    assert [image.tobytes() for image in shown(page)] == [sample.image_HWC.tobytes() for sample in samples]
    objects = [f"{obj.task}: {np.count_nonzero(obj.truth_HW):,} px" for sample in samples for obj in sample.objects]
    assert re.findall(r"(?:organ|lesion): [\d,]+ px", page) == objects


def test_prompts_are_named_with_their_places(preview, tmp_path):
    """A box on the disc is that of its mask."""
    spec = write_study(tmp_path, cases=1)
    page = preview(spec)[2]
    rows, columns = np.nonzero(np.asarray(Image.open(tmp_path / "data/masks/case0.png")) == 1)
    assert f"whole_box, each_box: box x {columns.min()}–{columns.max()}, y {rows.min()}–{rows.max()}" in page


def test_the_table_of_a_data_set_counts_what_was_read(preview, tmp_path):
    """Two of four images; their patients and labels; sizes of the objects in them."""
    page = preview(write_study(tmp_path, cases=4), "--images", 2)[2]
    facts = dict(re.findall(r"<tr><th>(.*?)</th><td>(.*?)</td></tr>", page))
    assert facts["read"] == "2 of 4 image files; 2 shown"
    assert facts["labels"] == "0 (in 2), 1 (in 2), 2 (in 2)"
    assert (facts["height px"], facts["intensity"], facts["modality"]) == ("48", "minmax/slice", "synthetic")
    assert re.findall(r"patient (case\d)<", page) == ["case1", "case3"]
    masks = [np.asarray(Image.open(tmp_path / f"data/masks/case{number}.png")) for number in (1, 3)]
    low, high = sorted(np.count_nonzero(mask == 1) for mask in masks)
    shown_sizes = f"{low}" if low == high else f"{low} / {(low + high) / 2:g} / {high}"
    assert f"<td>disc</td><td>2 of 2 images</td><td>{shown_sizes}</td><td>1</td>" in page


def test_a_folder_that_cannot_be_written_to_ends_with_2(preview, tmp_path):
    """A file in the way."""
    (tmp_path / "preview").write_text("in the way")
    code, lines, _ = preview(write_study(tmp_path, cases=1))
    assert code == 2
    assert "preview" in lines[-1]


def test_a_wrong_window_shows_its_levels(preview, tmp_path):
    """A window from -800 to -200 makes values from 0 on white: the page and the ledger say so."""
    spec = write_study(tmp_path, cases=1, text=SPEC.replace("{{scale: minmax}}", "{{window: [-500, 600]}}"))
    code, lines, page = preview(spec)
    assert code == 0
    assert "-800 becomes 0 (0.0% below), -200 becomes 255 (100.0% above)" in page
    assert "blank image" in page
    assert lines[0] == "Discs: 1 image shown; 0 errors, 1 warning"


def test_an_image_that_cannot_be_read_is_a_line(preview, tmp_path):
    """The others are shown, and the exit code is that of errors in the ledger."""
    spec = write_study(tmp_path, cases=2)
    (tmp_path / "data/images/bad.png").write_bytes(b"no image")
    code, lines, page = preview(spec)
    assert code == 3
    assert lines[0].startswith("Discs: bad.png: error: ")
    assert "3 of 3 image files; 2 shown" in page
    assert page.count("bad.png") >= 1


def test_an_image_that_may_not_be_opened_is_a_line(preview, tmp_path, monkeypatch):
    """A fault of the store, such as denied access."""
    from job.errors import StoreRefusedError
    from job.plan import preview as looking

    def refuse(*_):
        raise StoreRefusedError("case0.png: access denied")

    monkeypatch.setattr(looking, "open_case", refuse)
    code, lines, _ = preview(write_study(tmp_path, cases=1))
    assert (code, lines[0]) == (3, "Discs: case0.png: error: cannot be read: case0.png: access denied")


def test_an_image_without_object_is_shown_as_such(preview, tmp_path):
    """A wrong label leaves none; the ledger names those that occur."""
    spec = write_study(tmp_path, cases=1, text=SPEC.replace("disc: 1, ring: 2", "disc: 8, ring: 9"))
    code, _, page = preview(spec)
    assert code == 0
    assert len(shown(page)) == 1
    assert "no object" in page
    assert "the labels here are 0, 1, 2" in page


def test_names_of_files_stay_text(preview, tmp_path):
    """A name that is markup."""
    spec = write_study(tmp_path, cases=1)
    for kind in ("images", "masks"):
        (tmp_path / f"data/{kind}/case0.png").rename(tmp_path / f"data/{kind}/<b>&amp;<img src=x>.png")
    preview(spec)
    text = (tmp_path / "preview/preview.html").read_text()
    assert "<b>&amp;" not in text
    assert "&lt;b&gt;&amp;amp;&lt;img src=x&gt;.png" in text


def test_of_a_remote_data_set_only_the_chosen_files_are_read(preview, tmp_path, monkeypatch):
    """Two of five, from the middle of each half, with their masks."""
    monkeypatch.setenv("MEDSAM_JOB_CACHE", str(tmp_path / "cache"))
    spec = write_study(tmp_path, cases=5)
    store = fsspec.filesystem("memory")
    for path in tmp_path.glob("data/*/*.png"):
        store.pipe_file(f"/preview/{path.parent.name}/{path.name}", path.read_bytes())
    opened = []
    read = type(store)._open

    def counted(self, path, *arguments, **options):
        opened.append(path)
        return read(self, path, *arguments, **options)

    monkeypatch.setattr(type(store), "_open", counted)
    spec.write_text(spec.read_text().replace(f"{tmp_path}/data", "memory://preview"))
    code, _, page = preview(spec, "--images", 2)
    assert (code, len(shown(page))) == (0, 2)
    assert {path.rpartition("/preview/")[2] for path in opened} == {
        f"{kind}/case{number}.png" for kind in ("images", "masks") for number in (1, 3)
    }


def test_slices_of_a_volume_are_those_with_an_object(preview, tmp_path):
    """One volume of 40 slices, an object in ten of them: two are shown, from the middle of each half."""
    values = np.random.default_rng(0).integers(0, 900, (12, 12, 40)).astype(np.int16)
    mask = np.zeros((12, 12, 40), np.uint8)
    mask[3:7, 3:7, 20:30] = 1
    for kind, array in (("images", values), ("masks", mask)):
        (tmp_path / "data" / kind).mkdir(parents=True)
        nibabel.save(nibabel.Nifti1Image(array, np.diag([1, 2, 3, 1])), tmp_path / "data" / kind / "v.nii.gz")
    text = SPEC.replace("*.png", "*.nii.gz").replace("disc: 1, ring: 2", "disc: 1")
    code, _, page = preview(write_study(tmp_path, cases=0, text=text), "--images", 2)
    assert code == 0
    assert re.findall(r"<b>v.nii.gz, axial slice (\d+)</b>", page) == ["22", "27"]
    assert "12 × 12 px; 2 × 1 × 3 mm" in page


def test_pseudonyms_stand_for_names(preview, tmp_path, monkeypatch):
    """Of images and patients, in the page and in what is printed."""
    monkeypatch.setenv("MEDSAM_SALT", "sixteen letters and more")
    text = SPEC.replace("    tasks:", "    pseudonymise: ${{MEDSAM_SALT}}\n    tasks:")
    spec = write_study(tmp_path, cases=2, text=text)
    (tmp_path / "data/images/case1.png").write_bytes(b"no image")
    (tmp_path / "data/masks/case7.png").write_bytes(b"of no image")
    code, lines, page = preview(spec)
    assert code == 3
    assert "case" not in page
    assert "case" not in "".join(lines)


def test_nothing_is_written_into_the_output(preview, tmp_path):
    """A folder in it is refused, and so is one that holds it; by default the output is not even made."""
    spec = write_study(tmp_path, cases=1)
    for folder in (tmp_path / "results", tmp_path / "results/look", tmp_path):
        code, lines, _ = preview(spec, "--output", folder)
        assert code == 2
        assert "expected another folder than the study's output" in lines[0]
    assert preview(spec)[0] == 0
    assert not (tmp_path / "results").exists()
    assert [path.name for path in (tmp_path / "preview").iterdir()] == ["preview.html"]


def test_a_picture_for_each_data_set(preview, tmp_path):
    """Beside the page; names of data sets are made safe for files."""
    spec = write_generated(tmp_path, GENERATED.replace("name: Generated", 'name: "..: a *?"'))
    code, lines, _ = preview(spec, "--format", "png", "--images", 1)
    assert code == 0
    assert lines[-1] == "wrote preview/1--a-.png"
    assert Image.open(tmp_path / "preview/1--a-.png").format == "PNG"


def test_faults_of_a_spec_end_with_2(preview, tmp_path):
    """Here two patterns without a match: both are named, and no page is written."""
    spec = write_study(tmp_path, cases=1, text=SPEC.replace("*.png", "*.gif"))
    code, lines, page = preview(spec)
    assert (code, page) == (2, "")
    assert lines[0].startswith(f"{spec}:6:")
