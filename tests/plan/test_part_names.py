"""A part is named after everything that determines its rows, and after nothing else."""

import hashlib

import numpy as np
import pytest

from job.plan import make as planning
from job.plan.make import make
from job.storage import InputCache
from job.study import loads
from tests.cases import draw_case
from tests.datasets.make import nifti

SPEC = """\
study: small
output: {folder}/results
datasets:
  - name: Discs
    modality: synthetic
    images: "{folder}/data/images/*.png"
    masks: "{folder}/data/masks/{{name}}"
    patient: "p"
    tasks: {{disc: 1, ring: 2}}
    intensity: {{scale: max}}
  - name: Scans
    modality: CT
    images: "{folder}/scans/images/*.nii.gz"
    masks: "{folder}/scans/masks/{{name}}"
    tasks: {{organ: 1}}
    intensity: {{window: [40, 400]}}
    slices: {{axis: axial, keep: all}}
models:
  - {{name: sam, family: sam, arch: vit_b, checkpoint: "{folder}/sam.pth"}}
  - {{name: ritm, family: ritm, arch: hrnet18s, checkpoint: "{folder}/ritm.pth"}}
prompts:
  - {{models: [sam], modes: [largest_point]}}
  - {{clicks: {{protocol: ritm, max: 4}}}}
seed: 1
execution: {{device: auto, max_image_px: 1000000}}
"""
ALL = {f"{dataset} {part}" for dataset in ("Discs", "Scans") for part in ("sam modes", "sam clicks", "ritm clicks")}

CHANGES = [
    ("arch: vit_b", "arch: vit_l", "sam"),
    ("arch: hrnet18s", "arch: hrnet32", "ritm"),
    ("arch: hrnet18s", "arch: hrnet18s, ritm: {zoom_in: false}", "ritm"),
    ("arch: hrnet18s", "arch: hrnet18s, ritm: {flip: false}", "ritm"),
    ("arch: hrnet18s", "arch: hrnet18s, ritm: {one_pass: true}", "ritm"),
    ("modes: [largest_point]", "modes: [each_point]", "modes"),
    ("modes: [largest_point]", "modes: [largest_point, each_point]", "modes"),
    ("modes: [largest_point]", "modes: [largest_point], mask_choice: [first]", "modes"),
    ("protocol: ritm", "protocol: mazurowski2023", "clicks"),
    ("max: 4", "max: 5", "clicks"),
    ("max: 4", "max: 4, target_iou: 0.96", "clicks"),
    ("max: 4}", "max: 4}, mask_choice: [oracle]", "sam clicks"),
    ("seed: 1", "seed: 2", ""),
    ("device: auto", "device: auto, precision: bf16", ""),
    ("device: auto", "device: auto, batch: 4", ""),
    ("max_image_px: 1000000", "max_image_px: 1000001", ""),
    ("name: Discs", "name: Disks", "Discs"),
    ("modality: synthetic", "modality: MRI", "Discs"),
    ('patient: "p"', 'patient: "{stem}"', "Discs"),
    ('patient: "p"', 'patient: "p"\n    labels: binary255', "Discs"),
    ("disc: 1", "disc: 3", "Discs"),
    ("ring: 2", "halo: 2", "Discs"),
    ("scale: max", "scale: minmax", "Discs"),
    ("organ: 1", "organ: {above: 0.5}", "Scans"),
    ("window: [40, 400]", "window: [40, 401]", "Scans"),
    ("window: [40, 400]", "window: [40, 400], per: volume", "Scans"),
    ("axis: axial", "axis: coronal", "Scans"),
    ("keep: all}", "keep: all}\n    axes: LPS", "Scans"),
    ("keep: all}", "keep: all}\n    axes: {LPS: a.nii.gz}", "Scans"),
    ("keep: all}", "keep: all}\n    grid: image", "Scans"),
    ("keep: all", "keep: labelled", "Scans"),
    ("keep: all", "keep: {every: 2}", "Scans"),
]
SHA256_OF_SAM = hashlib.sha256(b"sam").hexdigest()
WITHOUT_EFFECT = [
    ("study: small", "study: other"),
    ("/results", "/elsewhere"),
    ("name: ritm", "name: other"),
    ("/sam.pth", "/copy.pth"),
    ("arch: vit_b", f"arch: vit_b, sha256: '{SHA256_OF_SAM}'"),
    ("arch: vit_b", "arch: vit_b, published: sam_vit_h"),
    ("device: auto", "device: cpu"),
    ("device: auto", "device: auto, cache_gb: 1"),
    ("device: auto", "device: auto, embeddings: /embeddings, embeddings_gb: 1"),
    ("device: auto", "device: auto, precision: fp32"),
    ("device: auto", "device: auto, chunk: 100"),
    ("seed: 1", "seeds: [1]"),
    ("window: [40, 400]}", "window: [40, 400]}\n    patient: '{name}'\n    patients_of: Discs"),
    ("seed: 1", "seed: 1\nstatistics: {noc: [0.5], confidence: 0.9, seed: 7, compare: {model: sam, baseline: ritm}}"),
    ("seed: 1", "seed: 1\nstatistics: {metrics: [nsd, hd95]}"),
    ("disc: 1", "disc: {label: 1, tolerance_mm: 0.5}"),
    ("scale: max}", "scale: max}\n    slices: {axis: coronal, keep: largest}"),
    ("  - {models: [sam], modes: [largest_point]}\n  - {clicks: {protocol: ritm, max: 4}}",
     "  - {clicks: {protocol: ritm, max: 4}}\n  - {models: [sam], modes: [largest_point]}"),
]  # fmt: skip


def named(changes):
    return changes[1].strip().replace("\n", " ")[:60]


@pytest.fixture
def folder(tmp_path):
    """Two images, one volume of six axial slices, and the checkpoints of two models."""
    for number in range(2):
        draw_case(tmp_path / "data", f"case{number}.png", seed=number)
    values = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6)
    nifti(tmp_path / "scans/images/a.nii.gz", values)
    nifti(tmp_path / "scans/masks/a.nii.gz", (values % 7 == 0).astype(np.uint8))
    for name in ("sam", "copy"):
        (tmp_path / f"{name}.pth").write_bytes(b"sam")
    (tmp_path / "ritm.pth").write_bytes(b"ritm")
    return tmp_path


@pytest.fixture
def plan(folder):
    """Plan the study, after a change of its spec."""

    def plan(old="", new="", limit=None):
        text = SPEC.format(folder=folder)
        assert old in text
        spec = loads(text.replace(old, new, 1))
        return spec.study, make(spec, InputCache(folder / "cache", 10**9), limit)

    return plan


@pytest.fixture
def names(plan):
    """Return the name of each part by what it is of, such as `Discs sam modes`, whatever the spec calls these."""

    def names(*arguments, **options):
        study, planned = plan(*arguments, **options)
        datasets = dict(zip((dataset.name for dataset in study.datasets), ("Discs", "Scans"), strict=True))
        models = dict(zip((model.name for model in study.models), ("sam", "ritm"), strict=True))
        dataset_of = {chunk.name: datasets[chunk.dataset] for chunk in planned.chunks}
        kinds = ["clicks" if block.modes is None else "modes" for block in study.prompts]
        return {
            f"{dataset_of[part.chunk]} {models[part.model]} {kinds[part.block]}": part.name for part in planned.parts
        }

    return names


def changed(before, after):
    assert set(before) == set(after) == ALL
    return {part for part in ALL if before[part] != after[part]}


def parts_of(text):
    """Return the parts whose description contains a text."""
    return {part for part in ALL if text in part}


@pytest.mark.parametrize("change", CHANGES, ids=named)
def test_a_change_of_the_spec_renames_the_parts_whose_rows_depend_on_it(names, change):
    """No other part is renamed."""
    old, new, affected = change
    assert changed(names(), names(old, new)) == parts_of(affected)


@pytest.mark.parametrize("change", WITHOUT_EFFECT, ids=named)
def test_a_change_that_no_row_depends_on_renames_nothing(names, change):
    """A run with the changed spec finds its parts done."""
    assert changed(names(), names(*change)) == set()


@pytest.mark.parametrize(
    ("file", "affected"),
    [
        ("sam.pth", "sam"),
        ("ritm.pth", "ritm"),
        ("data/images/case1.png", "Discs"),
        ("data/masks/case1.png", "Discs"),
        ("scans/images/a.nii.gz", "Scans"),
        ("scans/masks/a.nii.gz", "Scans"),
    ],
)
def test_a_change_of_a_file_renames_the_parts_whose_rows_depend_on_it(folder, names, file, affected):
    """Its content counts, not its address."""
    before = names()
    with (folder / file).open("ab") as stream:
        stream.write(b"\0")
    assert changed(before, names()) == parts_of(affected)


def test_a_renamed_image_renames_its_parts(folder, names):
    """Rows carry its address below the data set's root."""
    before = names()
    for kind in ("images", "masks"):
        (folder / "data" / kind / "case1.png").rename(folder / "data" / kind / "case2.png")
    assert changed(before, names()) == parts_of("Discs")


def test_a_limit_renames_every_part(names):
    """Even a limit that leaves no slice out does: a limited run never stands in for a full one."""
    assert changed(names(), names(limit=1000)) == ALL
    assert changed(names(limit=1000), names(limit=1001)) == ALL


def test_another_version_of_the_tables_renames_every_part(names, monkeypatch):
    """Rows of different columns are never mixed."""
    before = names()
    monkeypatch.setattr(planning, "SCHEMA_VERSION", planning.SCHEMA_VERSION + 1)
    assert changed(before, names()) == ALL


def test_each_part_has_a_name_of_its_own(plan):
    """So do the parts of chunks that differ only in their slices, and the parts of two seeds."""
    _, planned = plan("seed: 1\nexecution: {device: auto", "seeds: [1, 2]\nexecution: {chunk: 3, device: auto")
    assert len(planned.chunks) == 3  # two images, and slices 0 to 2 and 3 to 5
    assert len({part.name for part in planned.parts}) == len(planned.parts) == 3 * 3 * 2


def test_an_added_seed_adds_parts_and_renames_none(plan):
    """Six parts for each seed."""
    before, after = (
        {part.name: part.seed for part in plan("seed: 1", text)[1].parts} for text in ("seed: 1", "seeds: [2, 1]")
    )
    assert len(before) == 6
    assert before.items() < after.items()
    assert sorted(after.values()) == [1] * 6 + [2] * 6
