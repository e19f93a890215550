"""The statistics step of `medsam-job run` needs the stored rows and the plan alone, and prints the summary."""

import pyarrow.parquet as pq
import pytest

from tests.cases import medsam_job, use_fake_models, write_study


@pytest.fixture
def run(monkeypatch):
    """The command line, with quick models."""
    use_fake_models(monkeypatch)
    return lambda *arguments: medsam_job(monkeypatch, *arguments)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a study that ran."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        use_fake_models(patch)
        assert medsam_job(patch, write_study(folder)) == 0
    return folder


def test_the_summary_is_stored_for_people_and_for_programs(finished):
    """The CSV and the Parquet file hold the same figures: a row for each of two modes, over two tasks."""
    table = pq.read_table(finished / "results/summary/overall_scores.parquet").to_pylist()
    lines = (finished / "results/summary/overall_scores.csv").read_text().splitlines()
    assert len(lines) == 1 + len(table) == 3
    assert {row["tasks"] for row in table} == {2}


def test_the_statistics_need_no_images(finished, run, tmp_path, capfd):
    """They can be computed where the data are not."""
    (finished / "data").rename(tmp_path / "away")
    try:
        assert run(finished / "study.yaml", "--only", "statistics") == 0
    finally:
        (tmp_path / "away").rename(finished / "data")
    assert "mean of tasks" in capfd.readouterr().out


def test_a_published_column_without_a_matching_row_is_named(finished, run, tmp_path, capfd):
    """Here the names of data set and tasks are not those of the publication."""
    spec = tmp_path / "published.yaml"
    spec.write_text(
        (finished / "study.yaml").read_text().replace("lite_medsam\n", "lite_medsam\n    published: sam_vit_h\n")
    )
    assert run(spec, "--only", "statistics") == 0
    assert "No row of lite matches the published sam_vit_h" in " ".join(capfd.readouterr().out.split())


def test_statistics_of_a_study_that_never_ran_are_refused(tmp_path, run, capfd):
    """The error says what to do."""
    assert run(write_study(tmp_path), "--only", "statistics") == 2
    assert "holds no plan of this spec; run the study first" in capfd.readouterr().err


CONTRASTS = """statistics:
  contrasts:
    - {name: boxes, of: {prompt: whole_box}, minus: {prompt: each_box}}
    - {name: NAME, of: {prompt: whole_box}, minus: {prompt: PROMPT}}
"""


def test_a_contrast_that_is_newer_than_the_plan_is_computed_or_refused(finished, run, tmp_path, capfd):
    """Of two, the second asks for a mode that was not run. A contrast with rows is no excuse for one without."""
    spec = tmp_path / "contrasts.yaml"
    text = (finished / "study.yaml").read_text()
    spec.write_text(text + CONTRASTS.replace("NAME", "again").replace("PROMPT", "each_box"))
    assert run(spec, "--only", "statistics") == 0
    assert "boxes" in capfd.readouterr().out
    spec.write_text(text + CONTRASTS.replace("NAME", "points").replace("PROMPT", "each_point"))
    assert run(spec, "--only", "statistics") == 2
    assert "statistics.contrasts[1]: expected two sides with rows" in capfd.readouterr().err
