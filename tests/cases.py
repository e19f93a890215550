"""Small studies on disk, and the command line as users call it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from job.__main__ import command_line
from job.models import registry
from tests.models.fake import FakeModel

SPEC = """\
study: small
output: {output}
datasets:
  - name: Discs
    modality: synthetic
    images: {data}/images/*.png
    masks: {data}/masks/{{name}}
    patient: "{{stem}}"
    tasks: {{disc: 1, ring: 2}}
    intensity: {{scale: minmax}}
models:
  - name: lite
    family: lite_medsam
prompts:
  - modes: [whole_box, each_box]
seed: 3
execution: {{device: cpu, chunk: 4}}
"""


GENERATED = """\
study: generated
output: {output}
datasets:
  - name: Generated
    modality: synthetic
    generated: {{patients: 6, slices: 2, seed: 5}}
    tasks: {{organ: 1, lesion: 2}}
models:
  - name: lite
    family: lite_medsam
prompts:
  - modes: [whole_box, each_box]
execution: {{device: cpu, chunk: 4}}
"""


def draw_case(folder: Path, name: str, seed: int, side: int = 48) -> None:
    """Save a noisy image of a disc in a ring, and its label map."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side]
    radius = np.hypot(y - rng.integers(18, side - 18), x - rng.integers(18, side - 18))
    labels = np.where(radius < 7, 1, np.where(radius < 12, 2, 0)).astype(np.uint8)
    image = np.clip(60 + 80 * labels + rng.normal(0, 10, labels.shape), 0, 255).astype(np.uint8)
    for kind, array in (("images", image), ("masks", labels)):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        Image.fromarray(array).save(folder / kind / name)


def write_study(folder: Path, cases: int = 3, text: str = SPEC) -> Path:
    """Write a study of discs and return the path of its spec. The results go to `results` beside it."""
    for number in range(cases):
        draw_case(folder / "data", f"case{number}.png", seed=number)
    spec = folder / "study.yaml"
    spec.write_text(text.format(data=folder / "data", output=folder / "results"))
    return spec


def write_generated(folder: Path, text: str = GENERATED) -> Path:
    """Write a study of generated images, in four chunks, and return the path of its spec. See `write_study`."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = folder / "study.yaml"
    spec.write_text(text.format(output=folder / "results"))
    return spec


def use_fake_models(monkeypatch: pytest.MonkeyPatch, model: type[FakeModel] = FakeModel) -> None:
    """Replace every model by a quick one that needs no checkpoint, for tests of the engine alone."""
    monkeypatch.setattr(registry, "build", lambda spec, *_: model(registry.capabilities(spec)))
    monkeypatch.setattr(registry, "check", lambda *_: None)


def shorten_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits between attempts and for a store that stalls."""
    monkeypatch.setattr("job.storage.retry.FIRST_WAIT_S", 0.01)
    monkeypatch.setattr("job.storage.retry.LONGEST_WAIT_S", 0.1)
    monkeypatch.setattr("job.storage.s3.STALL_S", 0.5)


def medsam_job(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """Run the command line in this process and return its exit code."""
    monkeypatch.setattr(sys, "argv", ["medsam-job", *map(str, arguments)])
    with pytest.raises(SystemExit) as exit_:
        command_line()
    return int(exit_.value.code or 0)
