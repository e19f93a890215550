"""What the statistics' exit code says of a study: whole and sound, wrong in the spec, or with errors and gaps."""

import pytest

from tests.cases import SPEC, medsam_job, use_fake_models, write_generated, write_study

NOWHERE = "no image holds an object of this task"
MORE = """\
  - name: More
    modality: synthetic
    images: {data}/more/*.png
    masks: {data}/masks/case0.png
    tasks: {{disc: 1}}
models:
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """The engine is on trial, not a model."""
    use_fake_models(monkeypatch)


@pytest.fixture
def spec(tmp_path):
    """A study of two data sets; no file of the second is an image."""
    (tmp_path / "data/more").mkdir(parents=True)
    (tmp_path / "data/more/bad.png").write_bytes(b"no image")
    return write_study(tmp_path, cases=1, text=SPEC.replace("models:\n", MORE))


def test_statistics_of_an_unfinished_study_end_with_3(tmp_path, monkeypatch, capfd):
    """A part is missing, though nothing failed."""
    spec = write_generated(tmp_path)
    assert medsam_job(monkeypatch, spec, "--shard", "0/2") == 0
    assert medsam_job(monkeypatch, spec, "--only", "statistics") == 3
    assert "Only 2 of 4 parts are done." in capfd.readouterr().out
    assert medsam_job(monkeypatch, spec, "--shard", "1/2") == 0
    assert medsam_job(monkeypatch, spec, "--only", "statistics") == 0


def test_a_data_set_without_one_good_image_is_told_by_the_ledger(spec, monkeypatch, capfd):
    """Its labels may well be right."""
    assert medsam_job(monkeypatch, spec) == 3
    assert NOWHERE not in capfd.readouterr().err


def test_a_wrong_label_is_a_fault_whatever_ails_another_data_set(spec, monkeypatch, capfd):
    """Errors excuse the tasks of their own data set alone."""
    spec.write_text(spec.read_text().replace("ring: 2", "ring: 7"))
    assert medsam_job(monkeypatch, spec) == 2
    err = capfd.readouterr().err
    assert f"datasets[0].tasks.ring: {NOWHERE}" in err
    assert err.count(NOWHERE) == 1
