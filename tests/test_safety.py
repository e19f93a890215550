"""Nothing in a spec, an image or a checkpoint runs code or writes outside the output."""

import ast
import json
import pickle
import re
import subprocess
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from job.datasets.formats import pillow
from tests.cases import SPEC, draw_case, medsam_job, use_fake_models, write_study

JOB = Path(__file__).parents[1] / "job"
LITE = "family: lite_medsam"


class Payload:
    """A call that is made when its pickle is loaded."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return Path.touch, (self.target,)


@pytest.fixture
def home(monkeypatch, tmp_path):
    """Set an empty home, temporary and working folder; return the folder that contains all of them."""
    for name in ("home", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setenv("MEDSAM_JOB_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def run(home, monkeypatch):
    """Return a function that runs the command line there, with quick models."""
    use_fake_models(monkeypatch)
    return lambda *arguments: medsam_job(monkeypatch, *arguments)


def rows(folder, table):
    """Return the rows of a stored table."""
    return pq.read_table(folder / "results" / table).to_pylist()


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_checkpoint_that_holds_code_is_refused(home, tmp_path, monkeypatch, capfd):
    """It is not unpickled, whatever its container."""
    touched = tmp_path / "touched"
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Payload(touched)))
    torch.save({"model": Payload(touched)}, tmp_path / "packed.pth")
    for name in ("plain.pth", "packed.pth"):
        text = SPEC.replace(LITE, f"{LITE}\n    checkpoint: {tmp_path}/{name}")
        assert medsam_job(monkeypatch, write_study(tmp_path, cases=1, text=text)) == 2
        assert name in capfd.readouterr().err
    assert not touched.exists()


@pytest.mark.parametrize(
    "value",
    [
        "!!python/object/apply:pathlib.Path.touch [touched]",
        "!!python/object/new:os.system [touch touched]",
        "!!python/name:os.system",
        "!!python/module:touched",
    ],
)
def test_a_spec_with_a_tag_of_python_is_refused(run, tmp_path, value):
    """PyYAML could turn it into a call."""
    spec = write_study(tmp_path, cases=1, text=SPEC.replace("modality: synthetic", f"modality: {value}"))
    assert run(spec) == 2
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "bmp", "nii", "nii.gz"])
def test_an_image_starts_no_program(run, tmp_path, monkeypatch, suffix):
    """Pillow would pass PostScript to Ghostscript; here it is not an image, whatever its name."""
    monkeypatch.setattr(subprocess, "Popen", lambda *arguments, **options: pytest.fail(f"started {arguments}"))
    spec = write_study(tmp_path, cases=1, text=SPEC.replace("*.png", "*"))
    (tmp_path / f"data/images/a.{suffix}").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n")
    (tmp_path / f"data/masks/a.{suffix}").write_bytes(b"")
    assert run(spec, "--only", "predict") == 0
    assert [(row["image"], row["kind"]) for row in rows(tmp_path, "excluded")] == [(f"a.{suffix}", "error")]


def test_pillow_opens_only_the_documented_formats():
    """Its forty others are never tried."""
    assert pillow.FORMATS == ("PNG", "JPEG", "BMP", "GIF")
    calls = [call for path in JOB.rglob("*.py") for call in _calls(path) if ast.unparse(call.func) == "Image.open"]
    assert [ast.unparse(keyword.value) for call in calls for keyword in call.keywords] == ["FORMATS"]


RUNS_CODE = {
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "pickle.load", "pickle.loads", "np.load",
    "numpy.load", "joblib.load", "yaml.load", "yaml.full_load", "yaml.unsafe_load", "subprocess.run",
    "subprocess.Popen", "subprocess.call", "subprocess.check_output", "importlib.import_module",
}  # fmt: skip


@pytest.mark.parametrize("path", sorted(JOB.rglob("*.py")), ids=lambda path: str(path.relative_to(JOB)))
def test_no_module_runs_what_it_reads(path):
    """Torch loads checkpoints with `weights_only`."""
    for call in _calls(path):
        name = ast.unparse(call.func)
        assert name not in RUNS_CODE, f"{path.name}:{call.lineno}: {name}"
        if name == "torch.load":
            assert any(
                keyword.arg == "weights_only" and ast.unparse(keyword.value) == "True" for keyword in call.keywords
            )


def _calls(path):
    """Return the calls in the source of a module."""
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]


def test_a_run_writes_only_below_its_output_and_keeps_the_scripts_of_its_page(run, tmp_path):
    """Names with dots, and those that mean something to a shell or to SQL, are plain names."""
    odd = "'; COPY (SELECT 1) TO 'touched.csv'; --"
    text = SPEC.replace("study: small", "study: a..b").replace("output: {output}\n", "")
    text = text.replace("name: Discs", f'name: "{odd}"').replace("name: lite", "name: ..")
    text = text.replace("disc: 1, ring: 2", '.: 1, "$(touch touched)": 2').replace("synthetic", '"`touch touched`"')
    assert run(write_study(tmp_path, cases=1, text=text)) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"cache", "data", "home", "results", "study.yaml", "temporary"}
    (scripts,) = (tmp_path / "cache").iterdir()
    assert re.fullmatch(r"vega-[0-9a-f]{16}\.js", scripts.name)
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["a..b"]
    assert not [path for folder in ("home", "temporary") for path in (tmp_path / folder).iterdir()]
    (tmp_path / "results/a..b").rename(tmp_path / "moved")
    (tmp_path / "results").rmdir()
    (tmp_path / "moved").rename(tmp_path / "results")
    assert {(row["dataset"], row["model"]) for row in rows(tmp_path, "iou")} == {(odd, "..")}


@pytest.mark.parametrize("name", ["../up", "a/b", "/root", "", "..", ".hidden", "a\\b", "x" * 101])
def test_the_name_of_a_study_is_a_file_name(run, tmp_path, name):
    """Its default output has that name."""
    spec = write_study(tmp_path, cases=1, text=SPEC.replace("study: small", f"study: {json.dumps(name)}"))
    assert run(spec) == 2
    assert not (tmp_path / "results").exists()


def test_the_name_of_an_image_is_stored_unchanged(run, tmp_path):
    """Also if it looks like SQL, markup, a template, a formula or an option."""
    names = {"'; DROP TABLE iou; --.png", "[red].png", "{stem}.png", "a\nb.png", "=1+1.png", "-rf.png", "é😀.png"}
    for seed, name in enumerate(names):
        draw_case(tmp_path / "data", name, seed)
    assert run(write_study(tmp_path, cases=0), "--only", "predict") == 0
    assert {row["image"] for row in rows(tmp_path, "iou")} == names


def test_a_link_in_the_output_is_replaced(run, tmp_path):
    """It is not followed, so the file that it points to stays as it is."""
    (tmp_path / "results").mkdir()
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "results/manifest.json").symlink_to(tmp_path / "precious")
    assert run(write_study(tmp_path, cases=1)) == 0
    assert (tmp_path / "precious").read_text() == "precious"
    assert not (tmp_path / "results/manifest.json").is_symlink()


@pytest.mark.parametrize("place", ["package://nilearn/results", "package://nilearn/../results"])
def test_a_package_is_not_an_output(run, tmp_path, capfd, place):
    """Neither in the spec nor on the command line."""
    assert run(write_study(tmp_path, cases=1), "--output", place) == 2
    assert run(write_study(tmp_path, cases=1, text=SPEC.replace("{output}", place))) == 2
    assert "the files of a package are read-only" in capfd.readouterr().err


def test_an_array_of_python_objects_is_not_an_image(run, tmp_path):
    """NumPy's own files, which may contain pickles, are not among the formats."""
    draw_case(tmp_path / "data", "a.png", seed=1)
    np.save(tmp_path / "data/images/b.npy", np.array([Payload(tmp_path / "touched")], dtype=object), allow_pickle=True)
    (tmp_path / "data/images/b.npy").rename(tmp_path / "data/images/b.png")
    Image.fromarray(np.zeros((48, 48), np.uint8)).save(tmp_path / "data/masks/b.png")
    assert run(write_study(tmp_path, cases=0), "--only", "predict") == 0
    assert [(row["image"], row["kind"]) for row in rows(tmp_path, "excluded")] == [("b.png", "error")]
    assert not (tmp_path / "touched").exists()
