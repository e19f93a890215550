"""The template and the requests for AWS Batch, against cfn-lint, botocore and moto. Run by `make image-test`."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from botocore.stub import Stubber
from botocore.validate import ParamValidator
from moto import mock_aws

from tests.infra.moto_batch import make_queues
from tests.infra.submit import imported

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "infra" / "aws-batch"
OUTPUTS = {
    "GpuQueue": "gpu-queue",
    "CpuQueue": "cpu-queue",
    "Predict": "predict:1",
    "Gather": "gather:1",
    "Data": "s3://in/data",
    "Weights": "s3://in/weights",
    "Specs": "s3://in/specs",
    "Results": "s3://out/results",
}
PLAN = {
    "study": "s", "output": "s3://out/results/s", "raw_slices": 7200, "chunks": 120, "chunks_left": 120, "parts": 240,
    "parts_left": 240,
}  # fmt: skip


@pytest.fixture(scope="module")
def submit():
    """The script as a module."""
    return imported()


@pytest.fixture
def aws(monkeypatch):
    """Credentials that open nothing, and a region."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture
def planner(tmp_path):
    """A program that prints PLAN, in place of medsam-job; changed by its file."""
    (tmp_path / "plan.json").write_text(json.dumps(PLAN))
    program = tmp_path / "medsam-job"
    program.write_text(f"#!/bin/sh\ncat {tmp_path}/plan.json\n")
    program.chmod(0o755)
    return program


def refusals(request):
    """What botocore's model of SubmitJob has against a request."""
    shape = boto3.client("batch", region_name="us-east-1").meta.service_model.operation_model("SubmitJob").input_shape
    return ParamValidator().validate(request, shape).generate_report()


def test_the_template_is_clean():
    """cfn-lint finds nothing: names, types, enums, references."""
    command = [Path(sys.executable).with_name("cfn-lint"), FOLDER / "stack.yaml"]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("shards", [1, 2, 10_000])
def test_the_workers_request_fits_its_model(submit, shards):
    """Names and types of the request are those of SubmitJob."""
    assert refusals(submit.predict_request("s", OUTPUTS, "specs/my.yaml", shards)) == ""


@pytest.mark.parametrize("after", [None, "job-id"])
def test_the_gathering_request_fits_its_model(submit, after):
    """So it is with the gathering step, alone and after the workers."""
    assert refusals(submit.gather_request("s", OUTPUTS, "specs/my.yaml", after)) == ""


def test_one_worker_is_no_array(submit):
    """Batch refuses arrays of one: the job is told that it is the only shard."""
    request = submit.predict_request("s", OUTPUTS, "specs/my.yaml", 1)
    told = {one["name"]: one["value"] for one in request["containerOverrides"]["environment"]}
    assert "arrayProperties" not in request
    assert told == {"JOB_COMPLETION_INDEX": "0", "MEDSAM_JOB_SHARDS": "1"}


def test_the_array_is_sized_for_the_wall_time(submit):
    """7,200 slices of 10 s are 20 hours: 5 workers for 4 hours; each costs its start, too."""
    found = submit.estimate(PLAN, seconds_per_slice=10, hours=4, price=2, shards=None)
    assert (found.shards, found.machine_hours, found.cost) == (5, pytest.approx(20.75), pytest.approx(41.5))
    assert found.wall_hours == pytest.approx(4.15)


def test_no_worker_is_without_a_chunk(submit):
    """More workers than chunks would wait for nothing."""
    assert submit.estimate(PLAN | {"chunks_left": 3}, seconds_per_slice=10, hours=1, price=2, shards=50).shards == 3


def test_what_is_done_is_not_reckoned(submit):
    """Half of the parts left are half of the work."""
    found = submit.estimate(PLAN | {"parts_left": 120}, seconds_per_slice=10, hours=4, price=1, shards=1)
    assert found.machine_hours == pytest.approx(10.15)


@pytest.fixture
def stack(submit, aws, monkeypatch):
    """What the template makes, as far as submitting needs it, in moto."""
    with mock_aws(config={"batch": {"use_docker": False}}):
        batch = make_queues("gpu-queue", "cpu-queue")
        for definition in ("predict", "gather"):
            container = {"image": "i", "vcpus": 1, "memory": 128, "command": ["Ref::spec"]}
            batch.register_job_definition(
                jobDefinitionName=definition, type="container", containerProperties=container,
                parameters={"spec": "specs/quickstart.yaml"},
            )  # fmt: skip
        monkeypatch.setattr(submit, "stack_outputs", lambda stack: OUTPUTS)
        yield batch


def submitted(batch, queue):
    """The jobs of a queue, whatever became of them."""
    states = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED")
    return [
        job for state in states for job in batch.list_jobs(jobQueue=queue, jobStatus=state)["jobSummaryList"]
    ]  # fmt: skip


def ask(submit, planner, *options, spec="specs/my.yaml"):
    """Run the script as from the command line."""
    rates = ["--seconds-per-slice", "10", "--price-per-hour", "2"]
    return submit.main([spec, "--medsam-job", str(planner), *rates, *options])


def test_the_gathering_step_follows_the_workers(submit, stack, planner, capsys):
    """Two jobs are submitted: an array, and one that depends on all of it."""
    assert ask(submit, planner, "--yes") == 0
    shown = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    (gather,) = stack.describe_jobs(jobs=[shown["gather"]])["jobs"]
    assert gather["dependsOn"] == [{"jobId": shown["predict"]}]
    (workers,) = stack.describe_jobs(jobs=[shown["predict"]])["jobs"]
    assert workers["arrayProperties"]["size"] == 5


@pytest.mark.parametrize("spec", ["specs/my.yaml", "s3://in/specs/my.yaml"])
def test_both_jobs_get_the_spec_as_it_was_named(submit, stack, planner, capsys, spec):
    """A path in the image, or an address where they may read."""
    assert ask(submit, planner, "--yes", spec=spec) == 0
    shown = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    jobs = stack.describe_jobs(jobs=[shown["predict"], shown["gather"]])["jobs"]
    assert [job["parameters"]["spec"] for job in jobs] == [spec, spec]


@pytest.mark.parametrize("spec", ["s3://in/other/my.yaml", "s3://in/specs-old/my.yaml", "s3://else/specs/my.yaml"])
def test_a_spec_that_jobs_may_not_read_is_refused(submit, stack, planner, capsys, spec):
    """Before machines are started for nothing."""
    assert ask(submit, planner, "--yes", spec=spec) == 2
    assert f"{spec}: expected an address below s3://in/specs" in capsys.readouterr().err
    assert submitted(stack, "gpu-queue") == []


def test_hours_and_cost_are_shown_before_anything_is_submitted(submit, stack, planner, capsys, monkeypatch):
    """Whoever says no has paid nothing, and knows what it would have been."""
    monkeypatch.setattr("builtins.input", lambda question: "n")
    assert ask(submit, planner) == 0
    out = capsys.readouterr().out
    assert "41.50 at 2.0 a machine hour" in out
    assert submitted(stack, "gpu-queue") == submitted(stack, "cpu-queue") == []


def test_output_that_workers_do_not_share_is_refused(submit, stack, planner, capsys):
    """A folder in a container is lost with it."""
    planner.with_name("plan.json").write_text(json.dumps(PLAN | {"output": "results/s"}))
    assert ask(submit, planner, "--yes") == 2
    assert "got results/s" in capsys.readouterr().err
    assert submitted(stack, "gpu-queue") == []


def test_a_finished_study_submits_nothing(submit, stack, planner, capsys):
    """What is done costs nothing."""
    planner.with_name("plan.json").write_text(json.dumps(PLAN | {"parts_left": 0, "chunks_left": 0}))
    assert ask(submit, planner, "--yes") == 0
    assert submitted(stack, "gpu-queue") == []


def test_a_fault_of_the_spec_ends_with_the_programs_code(submit, stack, planner):
    """What `plan` refuses is not submitted."""
    planner.write_text("#!/bin/sh\nexit 2\n")
    with pytest.raises(SystemExit) as ended:
        ask(submit, planner, "--yes")
    assert ended.value.code == 2


def test_without_rates_nothing_is_reckoned(submit, capsys):
    """No price or speed is made up."""
    with pytest.raises(SystemExit):
        submit.main(["specs/my.yaml", "--yes"])
    assert "--price-per-hour are needed" in capsys.readouterr().err


def test_the_outputs_that_are_read_are_those_of_the_template(submit, aws, monkeypatch):
    """Every output that the script looks for stands in the template, and is read from the stack."""
    template = (FOLDER / "stack.yaml").read_text().partition("\nOutputs:\n")[2]
    assert {line.split(":")[0].strip() for line in template.splitlines()} == set(OUTPUTS)
    client = boto3.client("cloudformation")
    answer = {
        "StackName": "s",
        "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
        "StackStatus": "CREATE_COMPLETE",
        "Outputs": [{"OutputKey": name, "OutputValue": value} for name, value in OUTPUTS.items()],
    }
    with Stubber(client) as stub:
        stub.add_response("describe_stacks", {"Stacks": [answer]}, {"StackName": "s"})
        monkeypatch.setattr("boto3.client", lambda name: client)
        assert submit.stack_outputs("s") == OUTPUTS


def test_the_script_answers_for_help():
    """It runs as a script."""
    command = [sys.executable, FOLDER / "submit.py", "--help"]
    assert subprocess.run(command, capture_output=True, check=False, env=dict(os.environ)).returncode == 0
