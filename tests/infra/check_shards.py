"""Three shards in three containers over a real S3 server, one killed and run again. Run by `make image-test`."""

import pytest

from tests.infra.podman import exit_code, in_image, podman, reaching, started, wait_until
from tests.infra.studies import small_study
from tests.integration.s3_server import Server, s3_server  # noqa: F401 - a fixture

SHARDS = 3
CLUSTERS = {
    "kubernetes": ("JOB_COMPLETION_INDEX", "MEDSAM_JOB_SHARDS"),
    "aws-batch": ("AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE"),
}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study of two chunks a shard; the options that mount it."""
    folder = tmp_path_factory.mktemp("study")
    folder.chmod(0o755)
    (folder / "study.yaml").write_text(small_study(patients=2 * SHARDS))
    return [f"--volume={folder}:/study:ro"]


@pytest.fixture(scope="module")
def alone(study, s3_server: Server):  # noqa: F811
    """The study in one process."""
    options = [*reaching(s3_server), *study, "--env=RESULTS=s3://study/alone"]
    done = in_image("/study/study.yaml", options=options)
    assert done.returncode == 0, done.stderr
    return "s3://study/alone/first-run"


def rows(server, output, query):
    """Query results, in the image: a line of JSON each."""
    done = in_image("sql", output, query, "--format", "json", options=reaching(server))
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module", params=CLUSTERS)
def gathered(request, study, s3_server: Server):  # noqa: F811
    """The study in three containers, numbered as clusters do it; one is killed after a chunk, and run again."""
    index, count = CLUSTERS[request.param]
    places = [*reaching(s3_server), *study, f"--env=RESULTS=s3://study/{request.param}"]

    def shard(number):
        options = [*places, f"--env={index}={number}", f"--env={count}={SHARDS}"]
        return started("/study/study.yaml", "--only", "predict", options=options)

    with shard(1) as killed:
        wait_until(lambda: s3_server.names(f"{request.param}/first-run/iou"), killed)
        with shard(0) as first, shard(2) as third:
            podman("kill", "--signal=KILL", killed)
            assert exit_code(killed) == 137
            with shard(1) as second:
                assert [exit_code(name) for name in (first, second, third)] == [0, 0, 0]
    done = in_image("/study/study.yaml", "--only", "statistics", "--wait", options=places)
    assert done.returncode == 0, done.stderr
    return f"s3://study/{request.param}/first-run"


def test_the_summary_is_that_of_one_process(alone, gathered, s3_server: Server):  # noqa: F811
    """Neither the number of containers nor the kill shows in a number."""
    query = "SELECT * FROM task_scores ORDER BY ALL"
    expected = rows(s3_server, alone, query)
    assert expected
    assert rows(s3_server, gathered, query) == expected


def test_the_scores_are_those_of_one_process(alone, gathered, s3_server: Server):  # noqa: F811
    """Row by row, each once: the same clicks, the same IoU."""
    query = "SELECT * EXCLUDE (part) FROM iou ORDER BY ALL"
    expected = rows(s3_server, alone, query)
    assert expected
    assert rows(s3_server, gathered, query) == expected


def test_what_they_left_is_sound(gathered, s3_server: Server):  # noqa: F811
    """`verify` finds every part there, nothing doubled, each score true to its mask."""
    done = in_image("verify", gathered, options=reaching(s3_server))
    assert done.returncode == 0, done.stdout + done.stderr
