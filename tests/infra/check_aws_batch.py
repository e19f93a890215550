"""The requests for AWS Batch pass botocore and moto. Run by `make image-test`."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from botocore.validate import ParamValidator
from moto import mock_aws

from tests.infra.moto_batch import make_queues
from tests.infra.submit import imported

REGION = "eu-central-1"
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
    "MaxVcpus": "64",
    "WorkerVcpus": "4",
}
PLAN = {
    "study": "s", "output": "s3://out/results/s", "raw_slices": 7200, "chunks": 120, "chunks_left": 120, "parts": 240,
    "parts_left": 240, "left": list(range(120)),
}  # fmt: skip
DONE = {"chunks_left": 0, "parts_left": 0, "left": []}


@pytest.fixture(scope="module")
def submit():
    """The submit script as a module."""
    return imported()


@pytest.fixture
def unconfigured(monkeypatch, tmp_path):
    """No region and no credentials, from any source."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def aws(monkeypatch, unconfigured):
    """Fake credentials, and a region by AWS_REGION, which boto3 does not read."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_REGION", REGION)


@pytest.fixture
def planner(tmp_path):
    """A program in place of medsam-job. It prints plan.json, which holds PLAN at first, and records its arguments."""
    (tmp_path / "plan.json").write_text(json.dumps(PLAN))
    program = tmp_path / "medsam-job"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\ncat {tmp_path}/plan.json\n')
    program.chmod(0o755)
    return program


def calls(planner):
    """Return the arguments of each call of the planner."""
    return planner.with_name("calls").read_text().splitlines()


def refusals(request):
    """Return the faults of a request by botocore's model of SubmitJob; empty if there are none."""
    shape = boto3.client("batch", region_name="us-east-1").meta.service_model.operation_model("SubmitJob").input_shape
    return ParamValidator().validate(request, shape).generate_report()


@pytest.mark.parametrize("shards", [1, 2, 10_000])
def test_the_workers_request_fits_its_model(submit, shards):
    """The names and types of the workers' request are those of SubmitJob."""
    assert refusals(submit.predict_request("s", OUTPUTS, "specs/my.yaml", shards)) == ""


@pytest.mark.parametrize("after", [None, "job-id"])
def test_the_gathering_request_fits_its_model(submit, after):
    """The names and types of the gathering request are those of SubmitJob, with and without a dependency."""
    assert refusals(submit.gather_request("s", OUTPUTS, "specs/my.yaml", after)) == ""


def test_a_single_worker_is_a_plain_job(submit):
    """AWS Batch refuses arrays of one, so variables make the job the only shard."""
    request = submit.predict_request("s", OUTPUTS, "specs/my.yaml", 1)
    environment = {variable["name"]: variable["value"] for variable in request["containerOverrides"]["environment"]}
    assert "arrayProperties" not in request
    assert environment == {"JOB_COMPLETION_INDEX": "0", "MEDSAM_JOB_SHARDS": "1"}


@pytest.fixture
def estimate(submit):
    """The function `estimate`, by default with 10 s a slice, for 4 hours, at 2 an hour, on 16 machines."""
    defaults = {"seconds_per_slice": 10, "hours": 4, "price": 2, "shards": None, "at_once": 16}
    return lambda plan=PLAN, **changes: submit.estimate(plan, **defaults | changes)


def left_of(indexes):
    """Return the plan with only these chunks left, each of two parts."""
    return PLAN | {"left": list(indexes), "chunks_left": len(indexes), "parts_left": 2 * len(indexes)}


def test_the_array_is_sized_for_the_wall_time(estimate):
    """7,200 slices of 10 s are 20 hours: 5 workers for 4 hours, and 0.15 hours for the start of each."""
    work = estimate()
    assert (work.shards, work.machine_hours, work.cost) == (5, pytest.approx(20.75), pytest.approx(41.5))
    assert work.wall_hours == pytest.approx(4.15)


def test_there_are_no_more_workers_than_chunks(estimate):
    """A worker without a chunk would cost its start for nothing."""
    assert estimate(left_of(range(3)), shards=50).shards == 3


def test_finished_parts_are_not_counted(estimate):
    """If half of the parts are left, half of the work is left."""
    assert estimate(PLAN | {"parts_left": 120}, shards=1, price=1).machine_hours == pytest.approx(10.15)


def test_the_chunks_of_one_shard_are_divided_among_all_workers(estimate):
    """Of 5 shards, one is left. 5 workers would give its 24 chunks, 4 hours, to one worker; 6 have 4 chunks each."""
    work = estimate(left_of(range(4, 120, 5)), hours=0.8)
    assert (work.shards, work.wall_hours) == (6, pytest.approx(4 / 6 + 0.15))


def test_the_largest_shard_determines_the_wall_time(estimate):
    """Of two workers, one has all chunks that are left."""
    assert estimate(left_of(range(0, 120, 2)), shards=2).wall_hours == pytest.approx(10.15)


def test_there_are_no_more_workers_than_machines(estimate):
    """20 hours of work need 20 workers for an hour. The stack has 16 machines, so each runs 8 chunks, in 80 minutes."""
    work = estimate(hours=1)
    assert (work.shards, work.wall_hours) == (16, pytest.approx(8 / 6 + 0.15))


def test_workers_that_wait_for_machines_add_to_the_wall_time(estimate):
    """20 workers of an hour each on 8 machines take three rounds."""
    assert estimate(shards=20, at_once=8).wall_hours == pytest.approx(3 * 1.15)


@pytest.fixture
def stack(submit, aws, monkeypatch):
    """The template's queues and job definitions in moto, as far as submitting needs them; yields the Batch client."""
    with mock_aws(config={"batch": {"use_docker": False}}):
        boto3.setup_default_session(region_name=REGION)
        batch = make_queues("gpu-queue", "cpu-queue")
        for definition in ("predict", "gather"):
            container = {"image": "i", "vcpus": 1, "memory": 128, "command": ["Ref::spec"]}
            batch.register_job_definition(
                jobDefinitionName=definition, type="container", containerProperties=container,
                parameters={"spec": "specs/quickstart.yaml"},
            )  # fmt: skip
        monkeypatch.setattr(submit, "stack_outputs", lambda session, stack: OUTPUTS)
        yield batch


def submitted(batch, queue):
    """Return the jobs of a queue in any state."""
    states = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED")
    return [
        job for state in states for job in batch.list_jobs(jobQueue=queue, jobStatus=state)["jobSummaryList"]
    ]  # fmt: skip


def run_script(submit, planner, *options, spec="specs/my.yaml"):
    """Run the script as from the command line, and return its exit code."""
    rates = ["--seconds-per-slice", "10", "--price-per-hour", "2"]
    return submit.main([spec, "--medsam-job", str(planner), *rates, *options])


def test_the_gathering_step_follows_the_workers(submit, stack, planner, capsys):
    """Two jobs are submitted: an array, and a job that depends on all of it."""
    assert run_script(submit, planner, "--yes") == 0
    shown = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    (gather,) = stack.describe_jobs(jobs=[shown["gather"]])["jobs"]
    assert gather["dependsOn"] == [{"jobId": shown["predict"]}]
    (workers,) = stack.describe_jobs(jobs=[shown["predict"]])["jobs"]
    assert workers["arrayProperties"]["size"] == 5


@pytest.mark.parametrize("spec", ["specs/my.yaml", "s3://in/specs/my.yaml"])
def test_both_jobs_get_the_spec_as_written(submit, stack, planner, capsys, spec):
    """The spec is a path in the image, or an address that jobs may read."""
    assert run_script(submit, planner, "--yes", spec=spec) == 0
    shown = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    jobs = stack.describe_jobs(jobs=[shown["predict"], shown["gather"]])["jobs"]
    assert [job["parameters"]["spec"] for job in jobs] == [spec, spec]


@pytest.mark.parametrize("spec", ["s3://in/other/my.yaml", "s3://in/specs-old/my.yaml", "s3://else/specs/my.yaml"])
def test_a_spec_that_jobs_may_not_read_is_refused(submit, stack, planner, capsys, spec):
    """An address outside the stack's `SpecPrefix` is refused before anything is submitted."""
    assert run_script(submit, planner, "--yes", spec=spec) == 2
    assert f"{spec}: expected an address below s3://in/specs" in capsys.readouterr().err
    assert submitted(stack, "gpu-queue") == []


def test_hours_and_cost_are_shown_before_anything_is_submitted(submit, stack, planner, capsys, monkeypatch):
    """If the user answers no, the cost was shown and nothing is submitted."""
    monkeypatch.setattr("builtins.input", lambda question: "n")
    assert run_script(submit, planner) == 0
    out = capsys.readouterr().out
    assert "41.50 at 2.0 a machine hour" in out
    assert submitted(stack, "gpu-queue") == submitted(stack, "cpu-queue") == []


def test_output_that_workers_do_not_share_is_refused(submit, stack, planner, capsys):
    """A local folder is refused, because it would be lost with its container."""
    planner.with_name("plan.json").write_text(json.dumps(PLAN | {"output": "results/s"}))
    assert run_script(submit, planner, "--yes") == 2
    assert "got results/s" in capsys.readouterr().err
    assert submitted(stack, "gpu-queue") == []


def test_a_finished_study_submits_nothing(submit, stack, planner, capsys):
    """If every part is done, no job is submitted and no plan is stored."""
    planner.with_name("plan.json").write_text(json.dumps(PLAN | DONE))
    assert run_script(submit, planner, "--yes") == 0
    assert submitted(stack, "gpu-queue") == []
    assert calls(planner) == ["plan specs/my.yaml --format json"]


def test_the_plan_is_stored_before_anything_is_submitted(submit, stack, planner, monkeypatch):
    """Workers use the stored plan, and the gathering step the records of failed chunks. Both are renewed first."""
    calls_so_far = []

    def answer(question):
        calls_so_far.append(calls(planner))
        return "y"

    monkeypatch.setattr("builtins.input", answer)
    request = submit.predict_request
    monkeypatch.setattr(submit, "predict_request", lambda *args: calls_so_far.append(calls(planner)) or request(*args))
    assert run_script(submit, planner) == 0
    planned, stored = "plan specs/my.yaml --format json", "plan specs/my.yaml --format json --store"
    assert calls_so_far == [[planned], [planned, stored]]


def test_nothing_is_submitted_if_the_plan_cannot_be_stored(submit, stack, planner):
    """The planner reports the fault, and the script ends with the planner's exit code."""
    planner.write_text(f'#!/bin/sh\ncase "$*" in *--store*) exit 2;; esac\ncat {planner.parent}/plan.json\n')
    with pytest.raises(SystemExit) as ended:
        run_script(submit, planner, "--yes")
    assert ended.value.code == 2
    assert submitted(stack, "gpu-queue") == submitted(stack, "cpu-queue") == []


def test_gathering_alone_keeps_the_stored_plan(submit, stack, planner):
    """`--gather-only` submits the gathering job without planning."""
    assert run_script(submit, planner, "--gather-only") == 0
    assert not planner.with_name("calls").exists()
    assert len(submitted(stack, "cpu-queue")) == 1


def test_a_fault_of_the_spec_ends_with_the_exit_code_of_plan(submit, stack, planner):
    """A spec that `plan` refuses is not submitted."""
    planner.write_text("#!/bin/sh\nexit 2\n")
    with pytest.raises(SystemExit) as ended:
        run_script(submit, planner, "--yes")
    assert ended.value.code == 2


def the_only_line(capsys):
    """Return the message to the user: exactly one line on standard error."""
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_a_missing_planner_is_reported(submit, stack, capsys):
    """The message names the missing program and the option to set it."""
    assert run_script(submit, "/none/medsam-job", "--yes") == 2
    line = the_only_line(capsys)
    assert line.startswith("/none/medsam-job: No such file or directory; name the program with --medsam-job")


def test_a_missing_region_is_reported(submit, unconfigured, planner, capsys):
    """The message names the variable to set."""
    assert run_script(submit, planner) == 2
    assert "set AWS_REGION" in the_only_line(capsys)


def test_missing_credentials_are_reported(submit, unconfigured, planner, capsys, monkeypatch):
    """The message states how to provide credentials."""
    monkeypatch.setenv("AWS_REGION", REGION)
    assert run_script(submit, planner) == 2
    assert the_only_line(capsys).startswith("no credentials for AWS: log in")


def test_a_missing_stack_is_reported(submit, aws, planner, capsys):
    """The message of AWS is reported in one line."""
    with mock_aws():
        assert run_script(submit, planner, "--stack", "none") == 2
    assert "none does not exist" in the_only_line(capsys)


def test_missing_rights_are_reported(submit, aws, planner, capsys, monkeypatch):
    """The message of AWS is reported in one line, without a traceback."""

    def denied(session, stack):
        response = {
            "Error": {"Code": "AccessDenied", "Message": "not authorized to perform\ncloudformation:DescribeStacks"}
        }
        raise ClientError(response, "DescribeStacks")

    monkeypatch.setattr(submit, "stack_outputs", denied)
    assert run_script(submit, planner) == 2
    assert "not authorized to perform cloudformation:DescribeStacks" in the_only_line(capsys)


@pytest.mark.parametrize(
    ("environment", "region"),
    [
        ({"AWS_REGION": "eu-north-1"}, "eu-north-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-3"}, "eu-west-3"),
        ({"AWS_REGION": "eu-north-1", "AWS_DEFAULT_REGION": "eu-west-3"}, "eu-north-1"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-3"}, "eu-west-3"),
    ],
)
def test_the_region_is_that_of_the_program(submit, unconfigured, monkeypatch, environment, region):
    """It is AWS_REGION, which manifests set and boto3 does not read, or else AWS_DEFAULT_REGION."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert submit.aws_session().region_name == region


def test_without_rates_the_script_ends(submit, capsys):
    """Seconds per slice and price have no default."""
    with pytest.raises(SystemExit):
        submit.main(["specs/my.yaml", "--yes"])
    assert "--price-per-hour are needed" in capsys.readouterr().err


def test_the_script_reads_the_outputs_of_the_template(submit, aws, monkeypatch):
    """The template declares the outputs that the script uses, and the script reads them from the stack."""
    template = (FOLDER / "stack.yaml").read_text().partition("\nOutputs:\n")[2]
    assert {line.split(":")[0].strip() for line in template.splitlines()} == set(OUTPUTS)
    session = submit.aws_session()
    client = session.client("cloudformation")
    description = {
        "StackName": "s",
        "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
        "StackStatus": "CREATE_COMPLETE",
        "Outputs": [{"OutputKey": name, "OutputValue": value} for name, value in OUTPUTS.items()],
    }
    with Stubber(client) as stub:
        stub.add_response("describe_stacks", {"Stacks": [description]}, {"StackName": "s"})
        monkeypatch.setattr(session, "client", lambda name: client)
        assert submit.stack_outputs(session, "s") == OUTPUTS


def test_the_script_shows_its_help():
    """`submit.py --help` ends with 0."""
    command = [sys.executable, FOLDER / "submit.py", "--help"]
    assert subprocess.run(command, capture_output=True, check=False, env=dict(os.environ)).returncode == 0
