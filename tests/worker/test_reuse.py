"""A changed spec runs what the change determines, and nothing else. tests/plan/test_part_names.py has every setting."""

import json
import shutil

import pyarrow.parquet as pq
import pytest

from tests.cases import GENERATED, SPEC, medsam_job, use_fake_models, write_study

MODEL = ("prompts:", "  - {name: other, family: lite_medsam_clicks}\nprompts:")
DATASET = (
    "models:",
    "  - {name: More, modality: synthetic, generated: {patients: 2, seed: 9}, tasks: {organ: 1}}\nmodels:",
)

TWO = """\
  - {{name: sam, family: sam, arch: vit_b, checkpoint: "{data}/weights"}}
  - {{name: ritm, family: ritm, arch: hrnet18s, checkpoint: "{data}/weights"}}
"""


@pytest.fixture
def clicked(tmp_path, monkeypatch):
    """The spec of a predicted study that clicks two models, without a comparison. No fake model reads a checkpoint."""
    use_fake_models(monkeypatch)
    text = SPEC.replace("  - name: lite\n    family: lite_medsam\n", TWO)
    text = text.replace("modes: [whole_box, each_box]", "clicks: {{protocol: ritm}}")
    spec = write_study(tmp_path, cases=2, text=text)
    (tmp_path / "data/weights").write_bytes(b"any")
    assert medsam_job(monkeypatch, spec, "--only", "predict") == 0
    return spec


@pytest.fixture
def after(tmp_path, monkeypatch, ran, capfd):
    """Run a study of four parts, change its spec, run it again; return how many parts were done before, and now."""
    use_fake_models(monkeypatch)
    spec = ran(tmp_path, GENERATED, arguments=("--only", "predict"))

    def rerun(old, new):
        text = spec.read_text()
        assert old in text
        spec.write_text(text.replace(old, new))
        capfd.readouterr()
        assert medsam_job(monkeypatch, spec, "--only", "predict", "--output", tmp_path / "results") == 0
        line = json.loads(capfd.readouterr().err.splitlines()[-1])
        return (line["parts"], 0) if "nothing to do" in line["event"] else (line["parts_before"], line["parts"])

    return rerun


@pytest.mark.parametrize(
    "change",
    [("", ""), ("study: generated", "study: renamed"), ("name: lite", "name: new"), ("device: cpu", "device: auto")],
)
def test_a_change_that_no_row_depends_on_runs_nothing(after, change):
    """Every part is done already."""
    assert after(*change) == (4, 0)


@pytest.mark.parametrize("change", [("study:", "seed: 4\nstudy:"), ("device: cpu", "device: cpu, batch: 4")])
def test_a_change_that_every_row_depends_on_runs_everything(after, change):
    """No row of the earlier run is used."""
    assert after(*change) == (0, 4)


@pytest.mark.parametrize(("change", "new"), [(MODEL, 4), (DATASET, 1)], ids=["a model", "a data set"])
def test_what_is_added_runs_alone(after, change, new):
    """The other parts are done already."""
    assert after(*change) == (4, new)


def test_other_statistics_need_neither_images_nor_weights(clicked, tmp_path, monkeypatch):
    """Another comparison and other levels are computed from the stored rows and the stored plan."""
    shutil.rmtree(tmp_path / "data")
    clicked.write_text(clicked.read_text() + "statistics: {noc: [0.3], compare: {model: sam, baseline: ritm}}\n")
    assert medsam_job(monkeypatch, clicked, "--only", "statistics") == 0
    summary = tmp_path / "results/summary"
    assert set(pq.read_table(summary / "clicks_needed.parquet")["level"].to_pylist()) == {0.3}
    assert set(pq.read_table(summary / "comparison_overall.parquet")["baseline"].to_pylist()) == {"ritm"}


def test_a_comparison_without_a_pair_of_rows_is_then_a_fault_too(clicked, monkeypatch, capfd):
    """Each model clicks by a protocol of its own."""
    apart = "clicks: {protocol: ritm}\n    models: [sam]\n  - clicks: {protocol: mazurowski2023}\n    models: [ritm]"
    clicked.write_text(clicked.read_text().replace("clicks: {protocol: ritm}", apart))
    assert medsam_job(monkeypatch, clicked, "--only", "predict") == 0
    clicked.write_text(clicked.read_text() + "statistics: {compare: {model: sam, baseline: ritm}}\n")
    assert medsam_job(monkeypatch, clicked, "--only", "statistics") == 2
    assert "statistics.compare: expected two models with a prompt, protocol" in capfd.readouterr().err


def test_a_model_of_one_mask_is_compared_with_each_choice_of_the_other(clicked, tmp_path, monkeypatch):
    """RITM minus SAM, whose mask is chosen by its score."""
    clicked.write_text(clicked.read_text() + "statistics: {compare: {model: ritm, baseline: sam}}\n")
    assert medsam_job(monkeypatch, clicked, "--only", "statistics") == 0
    rows = pq.read_table(tmp_path / "results/summary/comparison_overall.parquet").to_pylist()
    assert {(row["mask_choice"], row["baseline_choice"]) for row in rows} == {("single", "score")}
