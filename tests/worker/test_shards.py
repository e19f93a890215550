"""Several workers on one study: each does its share, and together they store the rows of one."""

import json

import pyarrow.parquet as pq
import pytest

from tests.cases import medsam_job, use_fake_models, write_study


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The spec of a study of seven chunks, and the rows that one worker stored."""
    folder = tmp_path_factory.mktemp("alone")
    spec = write_study(folder, cases=7)
    spec.write_text(spec.read_text().replace("chunk: 4", "chunk: 1"))
    with pytest.MonkeyPatch.context() as patch:
        use_fake_models(patch)
        assert medsam_job(patch, spec, "--only", "predict") == 0
    return spec, rows(folder / "results")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Use quick models: the models are not tested here."""
    use_fake_models(monkeypatch)


def rows(output):
    """Return the rows of each table, in the order of their keys."""
    tables = {
        table: pq.read_table(output / table).to_pylist() for table in ("objects", "iou", "predictions", "excluded")
    }
    return {name: sorted(table, key=lambda row: json.dumps(list(row.values())[:11])) for name, table in tables.items()}


@pytest.mark.parametrize("order", [(0,), (1, 0), (0, 1, 2), (2, 0, 1, 0), (6, 1, 3, 0, 2, 5, 4)])
def test_shards_store_the_rows_of_one_worker(alone, tmp_path, monkeypatch, order):
    """Their number and order do not matter."""
    spec, expected = alone
    for index in order:
        assert medsam_job(monkeypatch, spec, "--shard", f"{index}/{max(order) + 1}", "--output", tmp_path) == 0
    assert not (tmp_path / "summary").exists()
    assert rows(tmp_path) == expected


def test_the_statistics_gather_the_manifests_of_shards(alone, tmp_path, monkeypatch):
    """Of three here, whichever came first."""
    spec, _ = alone
    for index in (2, 0, 1):
        assert medsam_job(monkeypatch, spec, "--shard", f"{index}/3", "--output", tmp_path) == 0
    assert medsam_job(monkeypatch, spec, "--only", "statistics", "--output", tmp_path) == 0
    assert len(json.loads((tmp_path / "manifest.json").read_text())["runs"]) == 3


def test_shards_of_an_indexed_job_store_them_too(alone, tmp_path, monkeypatch):
    """Here two of nine workers have no chunk."""
    spec, expected = alone
    for index in range(9):
        monkeypatch.setenv("JOB_COMPLETION_INDEX", str(index))
        assert medsam_job(monkeypatch, spec, "--shards", 9, "--output", tmp_path) == 0
    assert rows(tmp_path) == expected


def test_a_share_that_is_done_is_not_done_again(alone, tmp_path, monkeypatch, capfd):
    """Another number of shards does not matter: parts do not depend on it."""
    spec, _ = alone
    for index in range(2):
        medsam_job(monkeypatch, spec, "--shard", f"{index}/2", "--output", tmp_path)
    capfd.readouterr()
    assert medsam_job(monkeypatch, spec, "--shard", "0/3", "--output", tmp_path) == 0
    assert "nothing to do" in capfd.readouterr().err


def test_the_manifest_of_a_worker_names_its_shard(alone, tmp_path, monkeypatch):
    """A worker alone has none."""
    spec, _ = alone
    assert medsam_job(monkeypatch, spec, "--shard", "1/2", "--output", tmp_path) == 0
    assert medsam_job(monkeypatch, spec, "--only", "predict", "--output", tmp_path) == 0
    shards = [json.loads(path.read_text())["shard"] for path in (tmp_path / "manifests").iterdir()]
    assert len(shards) == 2
    assert {"index": 1, "count": 2} in shards
    assert None in shards
