"""Results are looked at as they lie: how far a study is, and whether every stored score is true."""

import io
import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from job import storage
from tests.cases import medsam_job, write_study


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A sound study of two chunks."""
    folder = tmp_path_factory.mktemp("finished")
    spec = write_study(folder, cases=2)
    spec.write_text(spec.read_text().replace("chunk: 4", "chunk: 1"))
    with pytest.MonkeyPatch.context() as patch:
        assert medsam_job(patch, spec) == 0
    return folder / "results"


@pytest.fixture
def output(finished, tmp_path):
    """A copy of it that a test may spoil."""
    return shutil.copytree(finished, tmp_path / "results")


@pytest.fixture
def problems(output, monkeypatch, capfd):
    """Verify, and give what was printed, the verdict apart, with the exit code."""

    def look():
        code = medsam_job(monkeypatch, "verify", output)
        *lines, verdict = capfd.readouterr().out.splitlines()
        return code, lines, verdict

    return look


def a_file(output, table):
    return sorted((output / table).iterdir())[0]


def change(path, alter):
    """Write a Parquet file anew with other rows, its footer kept."""
    table = pq.read_table(io.BytesIO(path.read_bytes()))
    rows = table.to_pylist()
    alter(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)


def test_a_sound_study_has_no_problems(problems):
    """Every score is computed again from its masks."""
    assert problems() == (0, [], "all 2 parts are sound")


@pytest.mark.parametrize("table", ["predictions", "objects", "excluded"])
def test_a_table_is_listed_once_however_many_parts_there_are(output, problems, monkeypatch, table):
    """A store answers a listing of thousands of files slowly."""
    asked = []
    list_files = storage.list_files
    monkeypatch.setattr(storage, "list_files", lambda *given: asked.append(given[0]) or list_files(*given))
    problems()
    assert asked.count(str(output / table)) == 1


def test_a_missing_part_is_named(output, problems):
    """With exit code 3."""
    file = a_file(output, "iou")
    file.unlink()
    assert problems() == (3, [f"iou/{file.stem}: missing"], "1 problems in 2 parts")


@pytest.mark.parametrize("table", ["iou", "predictions", "objects", "excluded"])
def test_a_damaged_file_is_named(output, problems, table):
    """Cut short, as a broken disk leaves it."""
    file = a_file(output, table)
    file.write_bytes(file.read_bytes()[:-20])
    code, lines, _ = problems()
    assert code == 3
    assert lines[0].startswith(f"{table}/{file.stem}: unreadable")


def test_a_score_that_its_masks_do_not_give_is_named(output, problems):
    """However plausible."""
    change(a_file(output, "iou"), lambda rows: rows[0].update(iou=0.5))
    code, (line,), _ = problems()
    assert code == 3
    assert "the masks do not give this score" in line


def test_a_doubled_score_and_a_wrong_count_are_named(output, problems):
    """The footer knows how many rows were written."""
    change(a_file(output, "iou"), lambda rows: rows.append(rows[0]))
    code, lines, _ = problems()
    assert code == 3
    assert any("5 rows, where its footer says 4" in line for line in lines)
    assert any("twice" in line for line in lines)


def test_a_score_without_its_prediction_is_named(output, problems):
    """It could not be scored again."""
    change(a_file(output, "predictions"), lambda rows: rows.pop())
    code, (line,), _ = problems()
    assert code == 3
    assert "a score without its prediction" in line


def test_the_status_counts_what_lies_in_the_store(output, monkeypatch, capfd):
    """One of two parts is gone."""
    a_file(output, "iou").unlink()
    assert medsam_job(monkeypatch, "status", output, "--format", "json") == 0
    assert json.loads(capfd.readouterr().out) == {"model": "lite", "planned": 2, "done": 1, "partial": 0, "failed": 0}
