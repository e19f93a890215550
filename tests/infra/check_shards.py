"""Three shards run in three containers with a real S3 server; one is killed and run again. Run by `make image-test`."""

import pytest

from tests.infra.engine import engine, exit_code, in_image, reaching, started, wait_until
from tests.infra.studies import small_study
from tests.integration.s3_server import Server, s3_server  # noqa: F401 - a fixture

SHARDS = 3
CLUSTERS = {
    "kubernetes": ("JOB_COMPLETION_INDEX", "MEDSAM_JOB_SHARDS"),
    "aws-batch": ("AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE"),
}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The options that mount a study with two chunks for each shard."""
    folder = tmp_path_factory.mktemp("study")
    folder.chmod(0o755)
    (folder / "study.yaml").write_text(small_study(patients=2 * SHARDS))
    return [f"--volume={folder}:/study:ro"]


@pytest.fixture(scope="module")
def alone(study, s3_server: Server):  # noqa: F811
    """The output of the study in one process."""
    options = [*reaching(s3_server), *study, "--env=RESULTS=s3://study/alone"]
    process = in_image("/study/study.yaml", options=options)
    assert process.returncode == 0, process.stderr
    return "s3://study/alone/first-run"


def rows(server, output, query):
    """Query results with the image, and return a line of JSON for each row."""
    process = in_image("sql", output, query, "--format", "json", options=reaching(server))
    assert process.returncode == 0, process.stderr
    return process.stdout.splitlines()


@pytest.fixture(scope="module", params=CLUSTERS)
def gathered(request, study, s3_server: Server):  # noqa: F811
    """The output of the study in three containers with a cluster's variables. One was killed and run again."""
    index, count = CLUSTERS[request.param]
    places = [*reaching(s3_server), *study, f"--env=RESULTS=s3://study/{request.param}"]

    def shard(number):
        options = [*places, f"--env={index}={number}", f"--env={count}={SHARDS}"]
        return started("/study/study.yaml", "--only", "predict", options=options)

    with shard(1) as killed:
        wait_until(lambda: s3_server.names(f"{request.param}/first-run/iou"), killed)
        with shard(0) as first, shard(2) as third:
            engine("kill", "--signal=KILL", killed)
            assert exit_code(killed) == 137
            with shard(1) as second:
                assert [exit_code(name) for name in (first, second, third)] == [0, 0, 0]
    process = in_image("/study/study.yaml", "--only", "statistics", "--wait", options=places)
    assert process.returncode == 0, process.stderr
    return f"s3://study/{request.param}/first-run"


def test_the_summary_equals_that_of_one_process(alone, gathered, s3_server: Server):  # noqa: F811
    """Neither the number of containers nor the kill changes a figure."""
    query = "SELECT * FROM task_scores ORDER BY ALL"
    expected = rows(s3_server, alone, query)
    assert expected
    assert rows(s3_server, gathered, query) == expected


def test_the_scores_equal_those_of_one_process(alone, gathered, s3_server: Server):  # noqa: F811
    """Every row, with its clicks and IoU, occurs exactly once in both."""
    query = "SELECT * EXCLUDE (part) FROM iou ORDER BY ALL"
    expected = rows(s3_server, alone, query)
    assert expected
    assert rows(s3_server, gathered, query) == expected


def test_the_results_are_complete_and_correct(gathered, s3_server: Server):  # noqa: F811
    """`verify` finds every part, no row twice, and every score equal to that of its mask."""
    process = in_image("verify", gathered, options=reaching(s3_server))
    assert process.returncode == 0, process.stdout + process.stderr
