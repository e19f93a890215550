"""`medsam-job report` and the page at the end of a run: of what is stored, beside it, and never at its cost."""

import json

import pytest

from job.cli import report
from job.report.page import sections
from tests.cases import medsam_job, use_fake_models, write_generated, write_study
from tests.report.page.made import embedded, rows_of


@pytest.fixture
def run(monkeypatch):
    """The command line, with quick models."""
    use_fake_models(monkeypatch)
    return lambda *arguments: medsam_job(monkeypatch, *arguments)


def page_of(folder):
    return (folder / "report.html").read_text(encoding="utf-8")


def test_a_run_ends_with_a_report(run, tmp_path, capfd):
    """Its address is told; it has the rows of the summary."""
    assert run(write_study(tmp_path)) == 0
    assert f"The report: {tmp_path}/results/report.html" in capfd.readouterr().out
    scores = rows_of(embedded(page_of(tmp_path / "results"))["scores"])
    lines = (tmp_path / "results/summary/overall_scores.csv").read_text().splitlines()
    assert len(scores) == len(lines) - 1


def test_the_report_needs_neither_images_nor_spec(run, tmp_path, capfd):
    """The output alone, and gives the same page but for the time."""
    spec = write_study(tmp_path)
    assert run(spec) == 0
    before = embedded(page_of(tmp_path / "results"))
    (tmp_path / "data").rename(tmp_path / "away")
    spec.unlink()
    (tmp_path / "results/report.html").unlink()
    assert run("report", tmp_path / "results") == 0
    assert capfd.readouterr().out.endswith(f"wrote {tmp_path}/results/report.html\n")
    assert embedded(page_of(tmp_path / "results")) == before


def test_the_report_states_how_the_rows_were_made(ran, tmp_path):
    """Spec, weights, device, versions."""
    ran(tmp_path)
    html = page_of(tmp_path / "results")
    (manifest,) = json.loads((tmp_path / "results/manifest.json").read_text())["runs"]
    data = embedded(html)
    assert rows_of(data["workers"])[0]["device"] == manifest["device"]["device_name"]
    assert {row["package"]: row["version"] for row in rows_of(data["versions"])} == {
        name: str(version) for name, version in manifest["versions"].items()
    }
    assert [row["sha256"] for row in rows_of(data["models"])] == list(manifest["weights"].values())
    assert "study: small" not in html
    assert "&#34;study&#34;: &#34;small&#34;" in html


def test_a_run_that_is_under_way_has_a_report(run, tmp_path, capfd):
    """Of one shard of two: it says of how many parts, and has their scores."""
    assert run(write_generated(tmp_path), "--shard", "0/2") == 0
    assert not (tmp_path / "results/summary").exists()
    capfd.readouterr()
    assert run("report", tmp_path / "results") == 0
    assert capfd.readouterr().out == f"wrote {tmp_path}/results/report.html, of 2 of 4 parts\n"
    html = page_of(tmp_path / "results")
    assert "Made from 2 of 4 parts" in html
    assert rows_of(embedded(html)["iou-by-task"])
    assert not (tmp_path / "results/summary").exists()


def test_a_summary_that_is_older_than_the_parts_is_not_shown(run, tmp_path):
    """The second shard ends after the statistics of the first: the report is of both."""
    spec = write_generated(tmp_path)
    assert run(spec, "--shard", "0/2") == 0
    assert run(spec, "--only", "statistics") == 3
    before = rows_of(embedded(page_of(tmp_path / "results"))["scores"])
    assert run(spec, "--shard", "1/2") == 0
    assert run("report", tmp_path / "results") == 0
    html = page_of(tmp_path / "results")
    assert "Made from" not in html
    assert rows_of(embedded(html)["scores"])[0]["objects"] > before[0]["objects"]


def test_a_report_that_cannot_be_drawn_loses_no_run(run, tmp_path, monkeypatch, capfd):
    """The exit code is that of the run, and a line tells why there is no page."""

    def fail(*_):
        raise ValueError("no ink")

    monkeypatch.setattr(sections, "page", fail)
    assert run(write_study(tmp_path)) == 0
    (line,) = [json.loads(line) for line in capfd.readouterr().err.splitlines() if "the report was not made" in line]
    assert line["reason"] == "ValueError: no ink"
    assert not (tmp_path / "results" / report.PAGE).exists()


def test_a_damaged_summary_is_named(run, ran, tmp_path, capfd):
    """With the command that makes it anew."""
    ran(tmp_path)
    (tmp_path / "results/summary/ranks.parquet").write_bytes(b"nothing")
    assert run("report", tmp_path / "results") == 2
    assert "ranks.parquet: damaged; run `medsam-job SPEC --only statistics`" in capfd.readouterr().err


def test_figures_are_listed_and_written(run, ran, tmp_path, capfd):
    """Without a name they are listed; with one, SVG and PDF are written beside the results."""
    ran(tmp_path)
    assert run("figure", tmp_path / "results") == 0
    assert "iou-by-task: Distribution of IoU by task" in capfd.readouterr().out
    chosen = ("--choose", "prompt=each_box", "--columns", "1")
    assert run("figure", tmp_path / "results", "iou-by-task", *chosen) == 0
    names = {path.name for path in (tmp_path / "results/figures").iterdir()}
    assert names == {"iou-by-task-each_box-89mm.svg", "iou-by-task-each_box-89mm.pdf"}


@pytest.mark.parametrize(("arguments", "message"), [
    (["iou"], "iou: no such figure; expected iou-by-task, "),
    (["all", "--choose", "prompt=each_box"], "--choose: expected with the name of one figure"),
    (["iou-by-task", "--choose", "each_box"], "--choose each_box: expected COLUMN=VALUE, such as 'prompt=9 clicks'"),
])  # fmt: skip
def test_a_figure_that_there_is_not_is_refused(arguments, message, run, ran, tmp_path, capfd):
    """With what there is."""
    ran(tmp_path)
    assert run("figure", tmp_path / "results", *arguments) == 2
    assert message in capfd.readouterr().err
