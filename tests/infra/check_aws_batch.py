"""The template and the requests for AWS Batch, against cfn-lint, botocore and moto. Run by `make image-test`."""

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
    """The script as a module."""
    return imported()


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """No region and no credentials, wherever they could come from."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def aws(monkeypatch, nowhere):
    """Credentials that open nothing, and the script's region; boto3 of itself has none."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_REGION", REGION)


@pytest.fixture
def planner(tmp_path):
    """A program that prints PLAN, in place of medsam-job; changed by its file. It notes how it was called."""
    (tmp_path / "plan.json").write_text(json.dumps(PLAN))
    program = tmp_path / "medsam-job"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\ncat {tmp_path}/plan.json\n')
    program.chmod(0o755)
    return program


def calls(planner):
    """How the planner was called, a line each."""
    return planner.with_name("calls").read_text().splitlines()


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


@pytest.fixture
def estimate(submit):
    """`estimate` with 10 s a slice, for 4 hours, at 2 an hour, on 16 machines, unless told otherwise."""
    usual = {"seconds_per_slice": 10, "hours": 4, "price": 2, "shards": None, "at_once": 16}
    return lambda plan=PLAN, **changes: submit.estimate(plan, **usual | changes)


def left_of(indexes):
    """The plan with some chunks left, each of two parts."""
    return PLAN | {"left": list(indexes), "chunks_left": len(indexes), "parts_left": 2 * len(indexes)}


def test_the_array_is_sized_for_the_wall_time(estimate):
    """7,200 slices of 10 s are 20 hours: 5 workers for 4 hours; each costs its start, too."""
    found = estimate()
    assert (found.shards, found.machine_hours, found.cost) == (5, pytest.approx(20.75), pytest.approx(41.5))
    assert found.wall_hours == pytest.approx(4.15)


def test_no_worker_is_without_a_chunk(estimate):
    """More workers than chunks would wait for nothing."""
    assert estimate(left_of(range(3)), shards=50).shards == 3


def test_what_is_done_is_not_reckoned(estimate):
    """Half of the parts left are half of the work."""
    assert estimate(PLAN | {"parts_left": 120}, shards=1, price=1).machine_hours == pytest.approx(10.15)


def test_what_one_worker_left_is_dealt_anew(estimate):
    """All of the last of 5 shards: 5 workers again would give its 24 chunks, 4 hours, to one; 6 have 4 chunks each."""
    found = estimate(left_of(range(4, 120, 5)), hours=0.8)
    assert (found.shards, found.wall_hours) == (6, pytest.approx(4 / 6 + 0.15))


def test_the_fullest_shard_decides_when_all_are_done(estimate):
    """Two workers are asked for, and all that is left falls to one of them."""
    assert estimate(left_of(range(0, 120, 2)), shards=2).wall_hours == pytest.approx(10.15)


def test_no_more_workers_than_machines(estimate):
    """The 20 hours would want 20 workers for an hour; the stack has machines for 16: each does 8 chunks, 80 minutes."""
    found = estimate(hours=1)
    assert (found.shards, found.wall_hours) == (16, pytest.approx(8 / 6 + 0.15))


def test_workers_that_wait_for_machines_take_their_time(estimate):
    """20 workers of an hour each on 8 machines: three rounds."""
    assert estimate(shards=20, at_once=8).wall_hours == pytest.approx(3 * 1.15)


@pytest.fixture
def stack(submit, aws, monkeypatch):
    """What the template makes, as far as submitting needs it, in moto."""
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
    planner.with_name("plan.json").write_text(json.dumps(PLAN | DONE))
    assert ask(submit, planner, "--yes") == 0
    assert submitted(stack, "gpu-queue") == []
    assert calls(planner) == ["plan specs/my.yaml --format json"]


def test_the_plan_is_stored_before_anything_is_submitted(submit, stack, planner, monkeypatch):
    """Workers keep to a stored plan, and the gathering step to noted failures: both are new by then."""
    seen = []

    def answer(question):
        seen.append(calls(planner))
        return "y"

    monkeypatch.setattr("builtins.input", answer)
    request = submit.predict_request
    monkeypatch.setattr(submit, "predict_request", lambda *about: seen.append(calls(planner)) or request(*about))
    assert ask(submit, planner) == 0
    planned, stored = "plan specs/my.yaml --format json", "plan specs/my.yaml --format json --store"
    assert seen == [[planned], [planned, stored]]


def test_nothing_is_submitted_if_the_plan_cannot_be_stored(submit, stack, planner):
    """The program has said why; its code is the script's."""
    planner.write_text(f'#!/bin/sh\ncase "$*" in *--store*) exit 2;; esac\ncat {planner.parent}/plan.json\n')
    with pytest.raises(SystemExit) as ended:
        ask(submit, planner, "--yes")
    assert ended.value.code == 2
    assert submitted(stack, "gpu-queue") == submitted(stack, "cpu-queue") == []


def test_gathering_alone_keeps_the_stored_plan(submit, stack, planner):
    """It computes from what is there: nothing is planned."""
    assert ask(submit, planner, "--gather-only") == 0
    assert not planner.with_name("calls").exists()
    assert len(submitted(stack, "cpu-queue")) == 1


def test_a_fault_of_the_spec_ends_with_the_programs_code(submit, stack, planner):
    """What `plan` refuses is not submitted."""
    planner.write_text("#!/bin/sh\nexit 2\n")
    with pytest.raises(SystemExit) as ended:
        ask(submit, planner, "--yes")
    assert ended.value.code == 2


def the_only_line(capsys):
    """What a user is told who can mend it: one line, on standard error."""
    told = capsys.readouterr()
    (line,) = told.err.splitlines()
    return line


def test_a_program_that_is_not_there_is_named(submit, stack, capsys):
    """medsam-job is not on the path: the way out is an option."""
    assert ask(submit, "/none/medsam-job", "--yes") == 2
    line = the_only_line(capsys)
    assert line.startswith("/none/medsam-job: No such file or directory; name the program with --medsam-job")


def test_without_a_region_the_variable_is_named(submit, nowhere, planner, capsys):
    """Nothing says where the stack is."""
    assert ask(submit, planner) == 2
    assert "set AWS_REGION" in the_only_line(capsys)


def test_without_credentials_the_way_to_them_is_named(submit, nowhere, planner, capsys, monkeypatch):
    """Nothing says who asks."""
    monkeypatch.setenv("AWS_REGION", REGION)
    assert ask(submit, planner) == 2
    assert the_only_line(capsys).startswith("no credentials for AWS: log in")


def test_a_stack_that_is_not_there_is_named(submit, aws, planner, capsys):
    """What AWS answers is said, in one line."""
    with mock_aws():
        assert ask(submit, planner, "--stack", "none") == 2
    assert "none does not exist" in the_only_line(capsys)


def test_what_aws_denies_is_said(submit, aws, planner, capsys, monkeypatch):
    """Rights that lack are named as AWS names them, with no traceback."""

    def denied(session, stack):
        answer = {
            "Error": {"Code": "AccessDenied", "Message": "not authorized to perform\ncloudformation:DescribeStacks"}
        }
        raise ClientError(answer, "DescribeStacks")

    monkeypatch.setattr(submit, "stack_outputs", denied)
    assert ask(submit, planner) == 2
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
def test_the_region_is_that_of_the_program(submit, nowhere, monkeypatch, environment, region):
    """AWS_REGION, which jobs and manifests set, and which boto3 does not read; else AWS_DEFAULT_REGION."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert submit.aws_session().region_name == region


def test_without_rates_nothing_is_reckoned(submit, capsys):
    """No price or speed is made up."""
    with pytest.raises(SystemExit):
        submit.main(["specs/my.yaml", "--yes"])
    assert "--price-per-hour are needed" in capsys.readouterr().err


def test_the_outputs_that_are_read_are_those_of_the_template(submit, aws, monkeypatch):
    """Every output that the script looks for stands in the template, and is read from the stack."""
    template = (FOLDER / "stack.yaml").read_text().partition("\nOutputs:\n")[2]
    assert {line.split(":")[0].strip() for line in template.splitlines()} == set(OUTPUTS)
    session = submit.aws_session()
    client = session.client("cloudformation")
    answer = {
        "StackName": "s",
        "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
        "StackStatus": "CREATE_COMPLETE",
        "Outputs": [{"OutputKey": name, "OutputValue": value} for name, value in OUTPUTS.items()],
    }
    with Stubber(client) as stub:
        stub.add_response("describe_stacks", {"Stacks": [answer]}, {"StackName": "s"})
        monkeypatch.setattr(session, "client", lambda name: client)
        assert submit.stack_outputs(session, "s") == OUTPUTS


def test_the_script_answers_for_help():
    """It runs as a script."""
    command = [sys.executable, FOLDER / "submit.py", "--help"]
    assert subprocess.run(command, capture_output=True, check=False, env=dict(os.environ)).returncode == 0
