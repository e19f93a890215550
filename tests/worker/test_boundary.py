"""Boundary metrics are made for every part that lacks them, from the stored masks, in the step of the statistics."""

import json

import pyarrow.parquet as pq
import pytest

from tests.cases import GENERATED, medsam_job, use_fake_models, write_generated

ASKED = GENERATED.replace("  - modes: [whole_box, each_box]\n", (
    "  - modes: [whole_box, each_box]\n  - {{clicks: {{protocol: ritm, max: 3}}}}\n"
    "statistics: {{metrics: [nsd, hd95]}}\n"
)).replace("family: lite_medsam\n", "family: lite_medsam_clicks\n")  # fmt: skip


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Change the spec, run commands on it, and list the files of `boundary`."""
    use_fake_models(monkeypatch)
    return Commands(write_generated(tmp_path, ASKED), tmp_path / "results", monkeypatch)


class Commands:
    """A study on disk and the commands on it."""

    def __init__(self, spec, output, monkeypatch):
        self.spec, self.output, self._monkeypatch = spec, output, monkeypatch

    def code(self, *arguments):
        """Return the exit code of a run."""
        return medsam_job(self._monkeypatch, self.spec, *arguments)

    def run(self, *arguments):
        assert self.code(*arguments) == 0

    def statistics(self):
        self.run("--only", "statistics")

    def change(self, old, new):
        text = self.spec.read_text()
        assert old in text
        self.spec.write_text(text.replace(old, new))

    def files(self):
        """Return the name and the time of the last change of each file."""
        return {path.name: path.stat().st_mtime_ns for path in (self.output / "boundary").glob("*.parquet")}

    def rows(self, capfd, query):
        capfd.readouterr()
        assert medsam_job(self._monkeypatch, "sql", self.output, query, "--format", "json") == 0
        return [json.loads(line) for line in capfd.readouterr().out.splitlines()]

    def orphans(self, capfd):
        capfd.readouterr()
        assert medsam_job(self._monkeypatch, "plan", self.spec, "--format", "json") == 0
        return json.loads(capfd.readouterr().out)["orphans"]


def test_every_part_has_a_file(study, capfd):
    """Of the modes, and of the first and the last of three clicks."""
    study.run()
    parts = {path.stem for path in (study.output / "iou").iterdir()}
    assert {name.split("-")[0] for name in study.files()} == parts
    query = "SELECT protocol, step, metric, count(*) AS n FROM boundary GROUP BY ALL ORDER BY ALL"
    objects = study.rows(capfd, "SELECT count(*) AS n FROM objects")[0]["n"]
    counted = {(row["protocol"], row["step"], row["metric"]): row["n"] for row in study.rows(capfd, query)}
    assert counted == {
        ("one-shot", 1, "HD95 px"): 2 * objects, ("one-shot", 1, "NSD 2 px"): 2 * objects,
        ("ritm", 1, "HD95 px"): objects, ("ritm", 1, "NSD 2 px"): objects,
        ("ritm", 3, "HD95 px"): objects, ("ritm", 3, "NSD 2 px"): objects,
    }  # fmt: skip


def test_a_second_run_finds_nothing_to_do(study, capfd):
    """A part that lost its file is made again, alone."""
    study.run()
    before = study.files()
    study.run()
    assert study.files() == before
    lost = min(before)
    (study.output / "boundary" / lost).unlink()
    study.statistics()
    after = study.files()
    assert after.keys() == before.keys()
    assert {name for name in after if after[name] != before[name]} == {lost}
    assert study.orphans(capfd) == []


def test_a_part_that_is_added_is_made_alone(study):
    """As by another seed."""
    study.run()
    before = study.files()
    study.change("execution:", "seeds: [0, 1]\nexecution:")
    study.run()
    after = study.files()
    assert len(after) == 2 * len(before)
    assert before.items() < after.items()


@pytest.mark.parametrize(
    ("old", "new", "metrics"),
    [
        ("lesion: 2", "lesion: {label: 2, tolerance_mm: 0.5}", ["HD95 px", "NSD 0.5 px", "NSD 2 px"]),
        ("[nsd, hd95]", "[assd]", ["ASSD px"]),
        ("[nsd, hd95]", "[hd95, nsd]", ["HD95 px", "NSD 2 px"]),
        ("[nsd, hd95]", "[]", []),
    ],
)
def test_the_table_holds_what_the_spec_asks(study, capfd, old, new, metrics):
    """No part is evaluated again; what is no longer asked is an orphan."""
    study.run()
    before, parts = study.files(), sorted((study.output / "iou").iterdir())
    study.change(old, new)
    study.statistics()
    found = study.rows(capfd, "SELECT DISTINCT metric FROM boundary ORDER BY metric")
    assert [row["metric"] for row in found] == metrics
    same = old == "[nsd, hd95]" and new == "[hd95, nsd]"
    assert study.orphans(capfd) == ([] if same else sorted(f"boundary/{name}" for name in before))
    assert sorted((study.output / "iou").iterdir()) == parts


def test_without_metrics_the_table_is_empty(study, capfd):
    """And no folder is made."""
    study.change("[nsd, hd95]", "[]")
    study.run()
    assert study.rows(capfd, "SELECT count(*) AS n FROM boundary") == [{"n": 0}]
    assert not (study.output / "boundary").exists()


def test_a_partial_part_is_made_again_when_it_is_complete(study, capfd):
    """The file is named after the predictions that it was computed from."""
    study.run()
    before = study.files()
    part = min(path for path in (study.output / "iou").iterdir())
    part.rename(part.with_name(f"{part.stem}.partial.parquet"))
    (predictions,) = (study.output / "predictions").glob(f"{part.stem}-*")
    predictions.rename(predictions.with_name(f"{part.stem}-{'0' * 16}.parquet"))
    assert study.code("--only", "statistics") == 3
    (cut_short,) = study.files().keys() - before.keys()
    assert cut_short.startswith(f"{part.stem}-{'0' * 16}-")
    study.run()
    keys = "count(DISTINCT (image, slice, task, prompt, step))"
    (counted,) = study.rows(capfd, f"SELECT count(*) AS n, {keys} AS keys FROM boundary WHERE metric = 'HD95 px'")
    assert counted["n"] == counted["keys"] > 0


def test_the_footer_says_how_a_file_was_made(study):
    """From which predictions, and what was asked."""
    study.run()
    name = min(study.files())
    made = json.loads(pq.read_schema(study.output / "boundary" / name).metadata[b"medsam_job"])
    part, predictions, _ = name.split("-")
    assert (made["part"], made["predictions"]) == (part, f"{part}-{predictions}.parquet")
    assert (made["metrics"], made["tolerance_mm"]) == (["hd95", "nsd"], {"organ": 2.0, "lesion": 2.0})


@pytest.mark.parametrize("table", ["objects", "predictions"])
def test_a_damaged_file_is_named(study, table, capfd):
    """With the way out, and without a traceback."""
    study.run()
    for path in (study.output / "boundary").glob("*.parquet"):
        path.unlink()
    damaged = min((study.output / table).glob("*.parquet"))
    damaged.write_bytes(b"damaged")
    capfd.readouterr()
    assert study.code("--only", "statistics") == 2
    assert f"{damaged}: damaged" in capfd.readouterr().err


def test_the_notes_of_a_plan_that_is_gone_are_orphans(study, capfd):
    """Each plan states what it asks for in a small file."""
    study.run()
    (note,) = (study.output / "boundary").glob("*.json")
    other = note.with_name(f"{'0' * 24}.json")
    other.write_text(note.read_text())
    assert study.orphans(capfd) == [f"boundary/{other.name}"]


def test_a_damaged_note_is_written_again(study, capfd):
    """By the next step of the statistics."""
    study.run()
    (note,) = (study.output / "boundary").glob("*.json")
    text = note.read_text()
    note.write_text("no JSON")
    study.statistics()
    assert note.read_text() == text
