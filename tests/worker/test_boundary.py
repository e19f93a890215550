"""Boundary metrics are made for every part that lacks them, from the stored masks, in the step of the statistics."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from job.audit.orphans import orphans
from job.errors import OutputError
from job.plan import file as plan_file
from job.results.store import Results
from job.statistics.query import query
from job.study import loads
from job.worker.boundary import add_boundary_metrics
from tests.cases import medsam_job, use_fake_models

SPEC = """\
study: generated
datasets:
  - name: Generated
    modality: synthetic
    generated: {patients: 3, slices: 1, seed: 5}
    tasks: {organ: 1, lesion: 2}
models:
  - {name: m, family: lite_medsam_clicks}
prompts:
  - modes: [whole_box, each_box]
  - clicks: {protocol: ritm, max: 3}
statistics: {metrics: [nsd, hd95]}
execution: {device: cpu, chunk: 2}
"""


@pytest.fixture(scope="module")
def predicted(tmp_path_factory):
    """The output of the study, predicted and no more."""
    folder = tmp_path_factory.mktemp("predicted")
    (folder / "study.yaml").write_text(SPEC)
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_fake_models(monkeypatch)
        arguments = (folder / "study.yaml", "--only", "predict", "--output", folder / "results")
        assert medsam_job(monkeypatch, *arguments) == 0
    return folder


class Predicted:
    """A copy of the predicted output, and what the step makes of it under a spec."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "results"
        self.results = Results(str(self.folder))
        self.plan = plan_file.read_all(str(self.folder))[0]

    def add(self, old="", new=""):
        """Run the step, with a change of the spec; return the number of files that it made."""
        assert old in SPEC
        study = loads(SPEC.replace(old, new, 1)).study
        assert plan_file.spec_name(study, None) == self.plan.spec
        return add_boundary_metrics(study, self.results, self.plan)

    def files(self, table="boundary"):
        return sorted((self.folder / table).glob("*.parquet"))

    def select(self, text):
        return query(self.results, self.plan, f"SELECT {text}").to_pylist()

    def orphans(self):
        return sorted(Path(file.address) for file in orphans(self.results, [self.plan]))


@pytest.fixture
def output(predicted, tmp_path):
    shutil.copytree(predicted / "results", tmp_path / "results")
    return Predicted(tmp_path)


def test_every_part_has_a_file(output):
    """Its rows are of the modes, and of the first and the last of three clicks."""
    assert output.add() == len(output.plan.parts)
    assert [path.name.split("-")[0] for path in output.files()] == sorted(part.name for part in output.plan.parts)
    (objects,) = output.select("count(*) AS n FROM objects")
    counts = output.select("prompt, step, metric, count(*) AS n FROM boundary GROUP BY ALL ORDER BY ALL")
    assert [tuple(row.values()) for row in counts] == [
        (prompt, step, metric, objects["n"])
        for prompt, step in (("clicks", 1), ("clicks", 3), ("each_box", 1), ("whole_box", 1))
        for metric in ("HD95 px", "NSD 2 px")
    ]


def test_every_click_is_scored_where_the_spec_asks_it(output):
    """In files of their own; those of the first and the last click are orphans then."""
    output.add()
    before = output.files()
    output.add("[nsd, hd95]", "[nsd], metrics_at: every")
    found = output.select("DISTINCT prompt, step FROM boundary ORDER BY ALL")
    assert [tuple(row.values()) for row in found] == [
        ("clicks", 1), ("clicks", 2), ("clicks", 3), ("each_box", 1), ("whole_box", 1),
    ]  # fmt: skip
    assert output.orphans() == before


def test_a_second_run_finds_nothing_to_do(output):
    """Nor are there orphans."""
    output.add()
    assert output.add() == 0
    assert output.orphans() == []


def test_a_part_without_its_file_is_made_alone(output):
    """As after an interruption."""
    output.add()
    lost, *others = output.files()
    rows, times = pq.read_table(lost), [path.stat().st_mtime_ns for path in others]
    lost.unlink()
    assert output.add() == 1
    assert pq.read_table(lost).equals(rows)
    assert [path.stat().st_mtime_ns for path in others] == times


@pytest.mark.parametrize(
    ("old", "new", "metrics"),
    [
        ("lesion: 2", "lesion: {label: 2, tolerance_mm: 0.5}", ["HD95 px", "NSD 0.5 px", "NSD 2 px"]),
        ("[nsd, hd95]", "[assd]", ["ASSD px"]),
        ("[nsd, hd95]", "[]", []),
    ],
)
def test_the_table_holds_what_the_spec_asks(output, old, new, metrics):
    """What is no longer asked is an orphan."""
    output.add()
    before = output.files()
    output.add(old, new)
    found = output.select("DISTINCT metric FROM boundary ORDER BY metric")
    assert [row["metric"] for row in found] == metrics
    assert output.orphans() == before


def test_the_order_of_the_metrics_changes_nothing(output):
    """Their files are found."""
    output.add()
    assert output.add("[nsd, hd95]", "[hd95, nsd]") == 0


def test_without_metrics_the_table_is_empty(output):
    """And no folder is made."""
    assert output.add("[nsd, hd95]", "[]") == 0
    assert output.select("* FROM boundary") == []
    assert not (output.folder / "boundary").exists()


def test_other_predictions_have_a_file_of_their_own(output):
    """A partial part has one too, until the part is complete."""
    output.add()
    part = output.files("iou")[0]
    part.rename(part.with_name(f"{part.stem}.partial.parquet"))
    (predictions,) = (output.folder / "predictions").glob(f"{part.stem}-*")
    predictions.rename(predictions.with_name(f"{part.stem}-{'0' * 16}.parquet"))
    replaced = next(path for path in output.files() if path.name.startswith(part.stem))
    assert output.add() == 1
    assert output.orphans() == [replaced]
    key = "image, task, prompt, step, metric"
    assert output.select(f"{key} FROM boundary GROUP BY ALL HAVING count(*) > 1") == []


def test_the_footer_says_how_a_file_was_made(output):
    """From which predictions, and what was asked."""
    output.add()
    path = output.files()[0]
    made = json.loads(pq.read_schema(path).metadata[b"medsam_job"])
    part, predictions, _ = path.stem.split("-")
    assert (made["part"], made["predictions"]) == (part, f"{part}-{predictions}.parquet")
    assert (made["metrics"], made["tolerance_mm"]) == (["hd95", "nsd"], {"organ": 2.0, "lesion": 2.0})


@pytest.mark.parametrize("table", ["objects", "predictions"])
def test_a_damaged_file_is_named(output, table):
    """With the way out."""
    damaged = output.files(table)[0]
    damaged.write_bytes(b"damaged")
    with pytest.raises(OutputError, match=f"{damaged}: damaged .* delete it and run the study again"):
        output.add()


def test_a_chunk_without_objects_is_passed_over(output):
    """A check of the statistics names its scores."""
    output.files("objects")[0].unlink()
    assert 0 < output.add() < len(output.plan.parts)


def test_the_note_of_a_plan_that_is_gone_is_an_orphan(output):
    """Each plan states what it asks for in a small file."""
    output.add()
    other = output.folder / f"boundary/{'0' * 24}.json"
    other.write_text("{}")
    assert output.orphans() == [other]


def test_a_damaged_note_is_written_again(output):
    """By the next run of the step."""
    output.add()
    note = output.folder / f"boundary/{output.plan.spec}.json"
    text = note.read_text()
    note.write_text("no JSON")
    assert output.select("* FROM boundary") == []
    assert output.add() == 0
    assert note.read_text() == text


def test_the_step_of_the_statistics_makes_them(output, predicted, monkeypatch):
    """Without a model."""
    spec = predicted / "study.yaml"
    assert medsam_job(monkeypatch, spec, "--only", "statistics", "--output", output.folder) == 0
    assert len(output.files()) == len(output.plan.parts)
