import pytest

from job.results.store import Results


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "results"


@pytest.fixture
def results(folder):
    return Results(str(folder))
