"""The stack and the submit script in real containers: moto simulates CloudFormation and AWS Batch, with podman.

Run by `make image-test`. moto runs a container for each job of an array, in the order of dependencies. It simulates no
roles, rights, limits or retries. This file adds what moto lacks: array indexes, credentials, a folder for the volume.
"""

import json
import time

import boto3
import pytest
from moto import mock_aws
from moto.batch.models import Job

from tests.infra.engine import IMAGE, docker_socket, in_image, reaching
from tests.infra.moto_batch import make_stack
from tests.infra.studies import small_study
from tests.infra.submit import imported
from tests.integration.s3_server import BUCKET, Server, client_of, s3_server  # noqa: F401 - a fixture

SHARDS = 3
REGION = "us-east-1"
SPEC = f"s3://{BUCKET}/specs/small.yaml"
RESULTS = f"s3://{BUCKET}/batch"
END_SECONDS = 600
PARAMETERS = {
    "Image": IMAGE,
    "InputBucket": BUCKET,
    "OutputBucket": BUCKET,
    "OutputPrefix": "batch",
    "InstanceTypes": "g5.xlarge,g6.xlarge",
}


def add_batch_environment(patch, environment):
    """Add array indexes to the containers' environment, and credentials for the store in place of a role."""
    original = Job._get_container_property

    def extended(job, name, default):
        value = original(job, name, default)
        if name != "environment":
            return value
        added = dict(environment)
        if "index" in job.array_properties:
            added |= {"AWS_BATCH_JOB_ARRAY_INDEX": job.array_properties["index"], "AWS_BATCH_JOB_ARRAY_SIZE": SHARDS}
        return [*value, *({"name": key, "value": str(text)} for key, text in added.items())]

    patch.setattr(Job, "_get_container_property", extended)


@pytest.fixture(scope="module")
def ended(s3_server: Server, tmp_path_factory):  # noqa: F811
    """The two jobs that `submit.py` submitted, after their end, as `predict` and `gather`."""
    folder = tmp_path_factory.mktemp("batch")
    (folder / "cache").mkdir()
    (folder / "cache").chmod(0o777)
    client_of(s3_server.environment).put_object(
        Bucket=BUCKET, Key="specs/small.yaml", Body=small_study(patients=SHARDS)
    )
    planner = folder / "medsam-job"
    options = " ".join([*reaching(s3_server), "--env=RESULTS", "--env=DATA", "--env=WEIGHTS"])
    planner.write_text(f'#!/bin/sh\nexec podman run --rm {options} {IMAGE} "$@"\n')
    planner.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch, docker_socket(folder) as environment:
        for name, value in {**environment, "MOTO_DOCKER_NETWORK_MODE": "host", "AWS_REGION": REGION}.items():
            patch.setenv(name, value)
        patch.delenv("AWS_DEFAULT_REGION", raising=False)  # the manifests set only AWS_REGION
        with mock_aws(config={"batch": {"use_docker": True}}):
            boto3.setup_default_session(region_name=REGION)
            add_batch_environment(patch, s3_server.environment)
            make_stack(folder / "cache", PARAMETERS)
            arguments = [SPEC, "--shards", str(SHARDS), "--seconds-per-slice", "2", "--price-per-hour", "1", "--yes"]
            assert imported().main([*arguments, "--medsam-job", str(planner)]) == 0
            yield jobs_at_their_end()


def jobs_at_their_end():
    """Wait until both jobs have ended, and return them by name without the prefix `medsam-job-`."""
    batch, deadline = boto3.client("batch"), time.monotonic() + END_SECONDS
    queues = [queue["jobQueueName"] for queue in batch.describe_job_queues()["jobQueues"]]
    while True:
        states = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED")
        ids = [
            job["jobId"]
            for queue in queues
            for state in states
            for job in batch.list_jobs(jobQueue=queue, jobStatus=state)["jobSummaryList"]
            if ":" not in job["jobId"]
        ]
        jobs = batch.describe_jobs(jobs=ids)["jobs"]
        if all(job["status"] in ("SUCCEEDED", "FAILED") for job in jobs):
            return {job["jobName"].removeprefix("medsam-job-"): job for job in jobs}
        assert time.monotonic() < deadline, [(job["jobName"], job["status"]) for job in jobs]
        time.sleep(1)


def test_the_array_and_the_gathering_step_succeed(ended):
    """Both jobs, which run the template's definitions with the spec's address, end with 0."""
    assert {name: job["status"] for name, job in ended.items()} == {"predict": "SUCCEEDED", "gather": "SUCCEEDED"}
    assert ended["predict"]["arrayProperties"]["size"] == SHARDS


def test_the_gathering_step_starts_after_the_workers_end(ended):
    """The gathering job depends on all jobs of the array."""
    children = [f"{ended['predict']['jobId']}:{index}" for index in range(SHARDS)]
    workers = boto3.client("batch").describe_jobs(jobs=children)["jobs"]
    assert len(workers) == SHARDS
    assert all(ended["gather"]["startedAt"] >= worker["stoppedAt"] for worker in workers)


def test_each_container_ran_its_own_shard(ended, s3_server: Server):  # noqa: F811
    """The store has the manifests of three workers, each with another shard."""
    manifests = [json.loads(s3_server.read(name)) for name in s3_server.names("batch/first-run/manifests")]
    shards = sorted((manifest["shard"]["index"], manifest["shard"]["count"]) for manifest in manifests)
    assert shards == [(index, SHARDS) for index in range(SHARDS)]


def test_the_results_are_complete_and_correct(ended, s3_server: Server):  # noqa: F811
    """`verify` finds every part, and every score equal to that of its mask."""
    process = in_image("verify", f"{RESULTS}/first-run", options=reaching(s3_server))
    assert process.returncode == 0, process.stdout + process.stderr
