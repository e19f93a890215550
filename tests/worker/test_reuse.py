"""What is done is done: after a change of the spec only that runs which the change determines."""

import json
import shutil

import pyarrow.parquet as pq
import pytest

from tests.cases import SPEC, medsam_job, use_fake_models, write_generated, write_study

MODEL = ("prompts:", "  - {name: other, family: lite_medsam}\nprompts:")
DATASET = (
    "models:",
    "  - {name: More, modality: synthetic, generated: {patients: 2, seed: 9}, tasks: {organ: 1}}\nmodels:",
)
UNCHANGED = [
    ("study: generated", "study: renamed"),
    ("device: cpu", "device: auto"),
    ("device: cpu", "device: cpu, cache_gb: 1"),
    ("device: cpu", "device: cpu, precision: fp32"),
    ("prompts:", "statistics: {noc: [0.5]}\nprompts:"),
    ("name: lite\n", "name: lite\n    published: sam_vit_h\n"),
]
CHANGED = [
    ("study:", "seed: 4\nstudy:"),
    ("device: cpu", "device: cpu, batch: 4"),
    ("device: cpu", "device: cpu, precision: bf16"),
    ("whole_box, each_box", "whole_box"),
    ("seed: 5", "seed: 6"),
    ("organ: 1, ", ""),
]

TWO = """\
  - {{name: sam, family: sam, arch: vit_b, checkpoint: "{data}/weights"}}
  - {{name: ritm, family: ritm, arch: hrnet18s, checkpoint: "{data}/weights"}}
"""


@pytest.fixture
def clicked(tmp_path, monkeypatch):
    """A finished study that clicks two models, of checkpoints that no fake reads; without any comparison."""
    use_fake_models(monkeypatch)
    text = SPEC.replace("  - name: lite\n    family: lite_medsam\n", TWO)
    text = text.replace("modes: [whole_box, each_box]", "clicks: {{protocol: ritm}}")
    spec = write_study(tmp_path, cases=2, text=text)
    (tmp_path / "data/weights").write_bytes(b"any")
    assert medsam_job(monkeypatch, spec) == 0
    return spec


@pytest.fixture
def after(tmp_path, monkeypatch, capfd):
    """Run a study, change its spec, run it again; give how many parts were done before, and how many were run."""
    use_fake_models(monkeypatch)
    spec = write_generated(tmp_path)
    assert medsam_job(monkeypatch, spec) == 0

    def rerun(old, new):
        text = spec.read_text()
        assert old in text
        spec.write_text(text.replace(old, new))
        capfd.readouterr()
        assert medsam_job(monkeypatch, spec, "--output", tmp_path / "results") == 0
        told = json.loads(capfd.readouterr().err.splitlines()[-1])
        return (told["parts"], 0) if "nothing to do" in told["event"] else (told["parts_before"], told["parts"])

    return rerun


def test_the_study_has_four_parts(after):
    """On which the figures below rest."""
    assert after("", "") == (4, 0)


@pytest.mark.parametrize("change", UNCHANGED, ids=lambda change: change[1].split("\n")[0])
def test_what_no_row_depends_on_runs_nothing(after, change):
    """Names, devices, caches, statistics."""
    assert after(*change) == (4, 0)


@pytest.mark.parametrize("change", CHANGED, ids=lambda change: change[1].split("\n")[0])
def test_what_every_row_depends_on_runs_everything(after, change):
    """Never the answer of another run."""
    before, run = after(*change)
    assert before == 0
    assert run > 0


@pytest.mark.parametrize(("change", "new"), [(MODEL, 4), (DATASET, 1)], ids=["a model", "a data set"])
def test_what_is_added_runs_alone(after, change, new):
    """The rest is found done."""
    assert after(*change) == (4, new)


def test_other_statistics_need_neither_images_nor_weights(clicked, tmp_path, monkeypatch):
    """Another comparison and other levels are computed from the stored rows, by the plan that is there."""
    shutil.rmtree(tmp_path / "data")
    clicked.write_text(clicked.read_text() + "statistics: {noc: [0.3], compare: {model: sam, baseline: ritm}}\n")
    assert medsam_job(monkeypatch, clicked, "--only", "statistics") == 0
    summary = tmp_path / "results/summary"
    assert set(pq.read_table(summary / "clicks_needed.parquet")["level"].to_pylist()) == {0.3}
    assert set(pq.read_table(summary / "comparison_overall.parquet")["baseline"].to_pylist()) == {"ritm"}


def test_a_comparison_without_a_pair_of_rows_is_a_fault_then_too(clicked, monkeypatch, capfd):
    """Here RITM's one mask is to be compared with one of SAM's choices."""
    clicked.write_text(clicked.read_text() + "statistics: {compare: {model: ritm, baseline: sam}}\n")
    assert medsam_job(monkeypatch, clicked, "--only", "statistics") == 2
    assert "statistics.compare: expected two models that are asked the same" in capfd.readouterr().err
