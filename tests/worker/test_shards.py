"""Several workers on one study: each does its share, and together they give the rows of one."""

import json

import pyarrow.parquet as pq
import pytest

from job.errors import JobError
from job.worker.shard import Shard, resolve
from tests.cases import medsam_job, use_fake_models, write_study


def test_a_shard_is_named_by_index_and_count():
    """Counted from 0."""
    assert resolve("1/3", None, {}) == Shard(1, 3)
    assert resolve(None, None, {}) is None


def test_kubernetes_and_aws_batch_number_their_workers():
    """An Indexed Job tells the index alone; an array job tells both."""
    assert resolve(None, 4, {"JOB_COMPLETION_INDEX": "2"}) == Shard(2, 4)
    assert resolve(None, None, {"JOB_COMPLETION_INDEX": "0", "MEDSAM_JOB_SHARDS": "7"}) == Shard(0, 7)
    aws = {"AWS_BATCH_JOB_ARRAY_INDEX": "4", "AWS_BATCH_JOB_ARRAY_SIZE": "5"}
    assert resolve(None, None, aws) == Shard(4, 5)


def test_what_is_asked_for_comes_before_the_environment():
    """So that a shard can be run again by hand."""
    assert resolve("0/2", None, {"JOB_COMPLETION_INDEX": "1", "MEDSAM_JOB_SHARDS": "2"}) == Shard(0, 2)


@pytest.mark.parametrize("text", ["3/3", "-1/3", "1", "a/b", "1/", "/2", "1/0"])
def test_a_share_that_cannot_be_is_refused(text):
    """With what was expected."""
    with pytest.raises(JobError, match=r"expected"):
        resolve(text, None, {})


def test_an_index_without_a_count_is_refused():
    """It could not say what its share is."""
    with pytest.raises(JobError, match="expected the number of shards too"):
        resolve(None, None, {"JOB_COMPLETION_INDEX": "1"})


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_shares_are_apart_and_complete(count):
    """Every chunk is in one."""
    items = list(range(10))
    dealt = [item for index in range(count) for item in Shard(index, count).share(items)]
    assert sorted(dealt) == items


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A study of several chunks that one worker did: its spec and its rows."""
    folder = tmp_path_factory.mktemp("alone")
    spec = write_study(folder, cases=7)
    spec.write_text(spec.read_text().replace("chunk: 4", "chunk: 1"))
    with pytest.MonkeyPatch.context() as patch:
        use_fake_models(patch)
        assert medsam_job(patch, spec) == 0
    return spec, rows(folder / "results")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """The engine is on trial, not a model."""
    use_fake_models(monkeypatch)


def rows(output):
    """Give all rows, in the order of their keys."""
    found = {}
    for table in ("objects", "iou", "predictions", "excluded"):
        lines = pq.read_table(output / table).to_pylist()
        found[table] = sorted(lines, key=lambda line: json.dumps(list(line.values())[:10]))
    return found


@pytest.mark.parametrize("order", [(0,), (1, 0), (0, 1, 2), (2, 0, 1, 0), (6, 1, 3, 0, 2, 5, 4)])
def test_shards_give_the_rows_of_one_worker(alone, tmp_path, monkeypatch, order):
    """Whatever their number and order; the statistics gather them."""
    spec, expected = alone
    for index in order:
        assert medsam_job(monkeypatch, spec, "--shard", f"{index}/{max(order) + 1}", "--output", tmp_path) == 0
    assert not (tmp_path / "summary").exists()
    assert rows(tmp_path) == expected
    assert medsam_job(monkeypatch, spec, "--only", "statistics", "--output", tmp_path) == 0
    assert len(json.loads((tmp_path / "manifest.json").read_text())["runs"]) == max(order) + 1


def test_shards_of_an_indexed_job_give_them_too(alone, tmp_path, monkeypatch):
    """More workers than some have chunks for."""
    spec, expected = alone
    for index in range(9):
        monkeypatch.setenv("JOB_COMPLETION_INDEX", str(index))
        assert medsam_job(monkeypatch, spec, "--shards", 9, "--output", tmp_path) == 0
    assert rows(tmp_path) == expected


def test_a_share_that_is_done_is_not_done_again(alone, tmp_path, monkeypatch, capfd):
    """By another count of shards either: parts know nothing of shards."""
    spec, _ = alone
    for index in range(2):
        medsam_job(monkeypatch, spec, "--shard", f"{index}/2", "--output", tmp_path)
    capfd.readouterr()
    assert medsam_job(monkeypatch, spec, "--shard", "0/3", "--output", tmp_path) == 0
    assert "nothing to do" in capfd.readouterr().err


def test_a_workers_account_names_its_shard(alone, tmp_path, monkeypatch):
    """None for a run that was not shared."""
    spec, _ = alone
    assert medsam_job(monkeypatch, spec, "--shard", "1/2", "--output", tmp_path) == 0
    assert medsam_job(monkeypatch, spec, "--output", tmp_path) == 0
    shards = [json.loads(path.read_text())["shard"] for path in (tmp_path / "manifests").iterdir()]
    assert len(shards) == 2
    assert {"index": 1, "count": 2} in shards
    assert None in shards
