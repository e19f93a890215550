"""What is done is done: after a change of the spec only that runs which the change determines."""

import json

import pytest

from tests.cases import medsam_job, use_fake_models, write_generated

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
