"""A whole study over 198 damaged files, from the command line, with a model that needs no weights."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from job.models import registry
from job.models.families.lite_medsam import CAPABILITIES
from tests.cases import medsam_job
from tests.datasets.corruption import DAMAGES, FORMATS, damaged, labels, noise
from tests.datasets.make import write
from tests.models.fake import FakeModel

SPEC = """\
study: corrupted
output: {folder}/results
datasets:
  - name: Flat
    modality: none
    images: {folder}/flat/images/*
    masks: {folder}/flat/masks/{{name}}
    tasks: &tasks {{square: 1}}
  - name: Deep
    modality: none
    images: {folder}/deep/images/*
    masks: {folder}/deep/masks/{{name}}
    tasks: *tasks
models:
  - {{name: lite, family: lite_medsam}}
prompts:
  - modes: [whole_box]
execution: {{device: cpu}}
"""

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL.TiffImagePlugin")


def write_files(folder: Path) -> dict[str, set[str]]:
    """Write pairs of image and mask in each format: a sound pair, and for each damage a pair with one damaged file.

    Return the names of the sound and of the damaged pairs.
    """
    names: dict[str, set[str]] = {"sound": set(), "damaged": set()}
    for number, name in enumerate(FORMATS):
        for turn, damage in enumerate([None, *DAMAGES]):
            role = ("images", "masks")[(number + turn) % 2]
            file = f"{damage or 'sound'} {name}"
            names["damaged" if damage else "sound"].add(file)
            for subfolder, values in (("images", noise()), ("masks", labels())):
                is_damaged = damage is not None and subfolder == role
                data = damaged(name, damage, values) if is_damaged else FORMATS[name](values)
                write(folder / ("deep" if ".nii" in name else "flat") / subfolder / file, data)
    return names


def images(folder: Path, table: str, **wanted: str) -> set[str]:
    """Return the images in the rows of a table that have the wanted values."""
    rows = pq.read_table(folder / "results" / table).to_pylist()
    return {row["image"] for row in rows if all(row[key] == value for key, value in wanted.items())}


def test_every_sound_file_is_evaluated_and_every_damaged_one_evaluated_or_in_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """No file is lost, none stops the study, and the exit code says that some were left out."""
    names = write_files(tmp_path)
    monkeypatch.setattr(registry, "build", lambda *arguments, **options: FakeModel(CAPABILITIES))
    spec = tmp_path / "study.yaml"
    spec.write_text(SPEC.format(folder=tmp_path))
    assert medsam_job(monkeypatch, "validate", "--full", spec) == 3
    assert medsam_job(monkeypatch, spec) == 3
    out, err = capfd.readouterr()
    assert "Traceback" not in out + err
    evaluated, left_out = images(tmp_path, "iou"), images(tmp_path, "excluded")
    assert names["sound"] <= evaluated
    assert names["damaged"] <= evaluated | left_out
    assert len(images(tmp_path, "excluded", kind="error")) > 100
    assert not images(tmp_path, "excluded", reason="storage")
    assert not (tmp_path / "results/failed").exists()
    assert medsam_job(monkeypatch, "verify", tmp_path / "results") == 3
    *problems, _ = capfd.readouterr().out.splitlines()
    assert all(" lines are errors, such as " in problem for problem in problems)  # so every score is right


def test_a_preview_of_damaged_files_has_their_lines(tmp_path, monkeypatch, capfd):
    """The images with an error are those of `validate --full`, and the page and the pictures are written."""
    write_files(tmp_path)
    spec = tmp_path / "spec.yaml"
    spec.write_text(SPEC.format(folder=tmp_path))
    monkeypatch.setattr(registry, "check", lambda *_: None)
    monkeypatch.chdir(tmp_path)
    found = []
    for command in (["validate", spec, "--full"], ["preview", spec, "--images", 999, "--format", "png"]):
        assert medsam_job(monkeypatch, *command) == 3
        lines = capfd.readouterr().out.splitlines()
        found.append({line.partition(": error: ")[0].removesuffix(", square") for line in lines if ": error: " in line})
    assert found[0] == found[1]
    assert {path.name for path in (tmp_path / "preview").iterdir()} == {"preview.html", "1-Flat.png", "2-Deep.png"}
