"""Nothing from a spec, an image or a checkpoint runs code, writes elsewhere, or carries a secret into what is kept."""

import ast
import json
import pickle
import subprocess
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from job.datasets.formats import raster
from job.models import registry
from tests.cases import SPEC, draw_case, medsam_job, write_study
from tests.models.fake import FakeModel

JOB = Path(__file__).parents[1] / "job"
SECRET = "hush-hush-hush"
LITE = "family: lite_medsam"


class Payload:
    """What a pickle may hold: a call, made when it is read."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return Path.touch, (self.target,)


@pytest.fixture
def home(monkeypatch, tmp_path):
    """An empty home, with secrets in the environment. Gives a folder that holds all that a command may touch."""
    for name in ("home", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setenv("MEDSAM_JOB_CACHE", str(tmp_path / "cache"))
    for name in ("TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "HF_TOKEN"):
        monkeypatch.setenv(name, SECRET)
    return tmp_path


@pytest.fixture
def run(home, monkeypatch):
    """The command line, there, with a model that needs no weights."""
    monkeypatch.setattr(registry, "build", lambda spec, *arguments: FakeModel(registry.capabilities(spec)))
    return lambda *arguments: medsam_job(monkeypatch, *arguments)


def rows(folder, table):
    return pq.read_table(folder / "results" / table).to_pylist()


def stored(folder):
    """All that lies in a study's output, as bytes."""
    return b"".join(path.read_bytes() for path in sorted((folder / "results").rglob("*")) if path.is_file())


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_checkpoint_that_holds_code_is_refused(home, tmp_path, monkeypatch, capfd):
    """It is not even unpickled, whatever container it came in."""
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
    """PyYAML could make a call of it."""
    spec = write_study(tmp_path, cases=1, text=SPEC.replace("modality: synthetic", f"modality: {value}"))
    assert run(spec) == 2
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "bmp", "nii", "nii.gz"])
def test_an_image_starts_no_program(run, tmp_path, monkeypatch, suffix):
    """PostScript, which Pillow would hand to Ghostscript, is no image under any name."""
    monkeypatch.setattr(subprocess, "Popen", lambda *arguments, **options: pytest.fail(f"started {arguments}"))
    spec = write_study(tmp_path, cases=1, text=SPEC.replace("*.png", "*"))
    (tmp_path / f"data/images/a.{suffix}").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n")
    (tmp_path / f"data/masks/a.{suffix}").write_bytes(b"")
    assert run(spec) == 3
    assert [row["image"] for row in rows(tmp_path, "excluded")] == [f"a.{suffix}"]


def test_pillow_is_asked_for_the_documented_formats_alone(monkeypatch):
    """Its forty others are never tried on a file's bytes."""
    assert raster.FORMATS == ("PNG", "JPEG", "TIFF", "BMP")
    calls = [call for path in JOB.rglob("*.py") for call in _calls(path) if ast.unparse(call.func) == "Image.open"]
    assert [ast.unparse(keyword.value) for call in calls for keyword in call.keywords] == ["FORMATS"]


RUNS_CODE = {
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "pickle.load", "pickle.loads", "np.load",
    "numpy.load", "joblib.load", "yaml.load", "yaml.full_load", "yaml.unsafe_load", "subprocess.run",
    "subprocess.Popen", "subprocess.call", "subprocess.check_output", "importlib.import_module",
}  # fmt: skip


@pytest.mark.parametrize("path", sorted(JOB.rglob("*.py")), ids=lambda path: str(path.relative_to(JOB)))
def test_nothing_in_the_source_runs_what_it_reads(path):
    """And torch reads weights as weights."""
    for call in _calls(path):
        name = ast.unparse(call.func)
        assert name not in RUNS_CODE, f"{path.name}:{call.lineno}: {name}"
        if name == "torch.load":
            assert any(
                keyword.arg == "weights_only" and ast.unparse(keyword.value) == "True" for keyword in call.keywords
            )


def _calls(path):
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]


def test_a_run_writes_below_its_output_and_nowhere_else(run, tmp_path):
    """Names that climb, or that a shell or SQL would read otherwise, are names."""
    odd = "'; COPY (SELECT 1) TO 'touched.csv'; --"
    text = SPEC.replace("study: small", "study: a..b").replace("output: {output}\n", "")
    text = text.replace("name: Discs", f'name: "{odd}"').replace("name: lite", "name: ..")
    text = text.replace("disc: 1, ring: 2", '.: 1, "$(touch touched)": 2').replace("synthetic", '"`touch touched`"')
    assert run(write_study(tmp_path, cases=1, text=text)) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"data", "home", "results", "study.yaml", "temporary"}
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["a..b"]
    assert not [path for folder in ("home", "temporary") for path in (tmp_path / folder).iterdir()]
    (tmp_path / "results/a..b").rename(tmp_path / "moved")
    (tmp_path / "results").rmdir()
    (tmp_path / "moved").rename(tmp_path / "results")
    assert {(row["dataset"], row["model"]) for row in rows(tmp_path, "iou")} == {(odd, "..")}


@pytest.mark.parametrize("name", ["../up", "a/b", "/root", "", "..", ".hidden", "a\\b", "x" * 101])
def test_a_study_is_named_like_a_file(run, tmp_path, name):
    """For its default output is named after it."""
    spec = write_study(tmp_path, cases=1, text=SPEC.replace("study: small", f"study: {json.dumps(name)}"))
    assert run(spec) == 2
    assert not (tmp_path / "results").exists()


def test_the_name_of_an_image_is_a_name(run, tmp_path):
    """It comes out of the tables as it went in."""
    names = {"'; DROP TABLE iou; --.png", "[red].png", "{stem}.png", "a\nb.png", "=1+1.png", "-rf.png", "é😀.png"}
    for seed, name in enumerate(names):
        draw_case(tmp_path / "data", name, seed)
    assert run(write_study(tmp_path, cases=0)) == 0
    assert {row["image"] for row in rows(tmp_path, "iou")} == names


def test_a_file_that_was_put_in_the_outputs_place_is_not_written_through(run, tmp_path):
    """A link in the output that leads elsewhere is replaced, not followed."""
    (tmp_path / "results").mkdir()
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "results/latest.json").symlink_to(tmp_path / "precious")
    assert run(write_study(tmp_path, cases=1), "--only", "predict") == 0
    assert (tmp_path / "precious").read_text() == "precious"
    assert not (tmp_path / "results/latest.json").is_symlink()


@pytest.mark.parametrize("place", ["package://nilearn/results", "package://nilearn/../results"])
def test_a_package_is_no_output(run, tmp_path, capfd, place):
    """In the spec or on the command line."""
    assert run(write_study(tmp_path, cases=1), "--output", place) == 2
    assert run(write_study(tmp_path, cases=1, text=SPEC.replace("{output}", place))) == 2
    assert "the files of a package are for reading" in capfd.readouterr().err


LEAKING = [
    f"https://user:{SECRET}@host/x",
    f"https://host/x?token={SECRET}",
    "https://user:${TOKEN}@host/x",
    "https://host/x?a=b&token=${TOKEN}",
]


@pytest.mark.parametrize("address", LEAKING)
@pytest.mark.parametrize("field", ["images", "masks", "checkpoint", "output"])
def test_an_address_with_a_secret_is_refused_and_not_shown(run, tmp_path, capfd, field, address):
    """Written there or from the environment: it would end in the plan, in manifests and in error texts."""
    old = {"images": "{data}/images/*.png", "masks": "{data}/masks/{{name}}", "output": "{output}", "checkpoint": LITE}
    new = f"{LITE}\n    checkpoint: {address}" if field == "checkpoint" else address
    spec = write_study(tmp_path, cases=1)
    text = SPEC.replace(old[field], "PLACE").format(data=tmp_path / "data", output=tmp_path / "results")
    spec.write_text(text.replace("PLACE", new))
    for command in ("validate", "plan", "run"):
        assert run(command, spec) == 2
    out, err = capfd.readouterr()
    assert "credentials belong in the environment" in err
    assert SECRET not in out + err
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    "address", [f"https://user:{SECRET}@host/x", f"s3://key:{SECRET}@bucket/x", f"http://h/?t={SECRET}"]
)
def test_an_output_with_a_secret_is_refused_on_the_command_line(run, tmp_path, capfd, address):
    """And the refusal does not show it."""
    assert run(write_study(tmp_path, cases=1), "--output", address) == 2
    assert run("status", address) == 2
    out, err = capfd.readouterr()
    assert SECRET not in out + err


@pytest.mark.parametrize(
    ("old", "new"),
    [("seed: 3", "seed: ${TOKEN}"), ("[whole_box,", '["${TOKEN}",'), ('"{stem}"', "${TOKEN}{nome}")],
)
def test_what_a_variable_holds_is_not_in_a_fault(run, tmp_path, capfd, old, new):
    """A token in the wrong place is shown as it is written."""
    spec = write_study(tmp_path, cases=1)
    spec.write_text(spec.read_text().replace(old, new))
    assert run(spec) == 2
    err = capfd.readouterr().err
    assert "${TOKEN}" in err
    assert SECRET not in err


def test_no_secret_of_the_environment_is_stored_or_logged(run, tmp_path, capfd):
    """In tables, footers, plan, manifests and logs, of a study with a file that fails."""
    spec = write_study(tmp_path, cases=2)
    (tmp_path / "data/images/bad.png").write_bytes(b"no image")
    assert run(spec) == 3
    out, err = capfd.readouterr()
    assert SECRET not in out + err
    assert SECRET.encode() not in stored(tmp_path)


def test_the_manifest_holds_variables_as_written(run, tmp_path, monkeypatch):
    """Not what they stand for."""
    monkeypatch.setenv("DATA", str(tmp_path / "data"))
    write_study(tmp_path, cases=1)
    spec = tmp_path / "study.yaml"
    spec.write_text(SPEC.format(data="${DATA}", output=tmp_path / "results"))
    assert run(spec) == 0
    (account,) = json.loads((tmp_path / "results/manifest.json").read_text())["runs"]
    assert account["spec"]["datasets"][0]["images"] == "${DATA}/images/*.png"


def test_an_array_of_objects_is_no_image(run, tmp_path):
    """NumPy's own files, which may hold pickles, are not among the formats."""
    draw_case(tmp_path / "data", "a.png", seed=1)
    np.save(tmp_path / "data/images/b.npy", np.array([Payload(tmp_path / "touched")], dtype=object), allow_pickle=True)
    (tmp_path / "data/images/b.npy").rename(tmp_path / "data/images/b.png")
    Image.fromarray(np.zeros((48, 48), np.uint8)).save(tmp_path / "data/masks/b.png")
    assert run(write_study(tmp_path, cases=0)) == 3
    assert not (tmp_path / "touched").exists()
