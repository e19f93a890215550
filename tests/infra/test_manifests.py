"""The manifests of Kubernetes and AWS Batch agree with the program. Reads only files; `make image-test` does more."""

import re
from pathlib import Path

import pytest
import yaml

from job.errors import EXIT_ERROR_ROWS, EXIT_MACHINE, EXIT_MENDABLE, EXIT_STOPPED
from job.study import load
from job.worker.shard import COUNT, resolve
from tests.infra.template import read_template

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "infra" / "kubernetes"
SPOT_NOTICE_S = 30
"""The shortest notice that a cloud gives before it reclaims a machine."""
BATCH_KILL_S = 30
"""The default time of ECS between SIGTERM and SIGKILL."""
STORING_S = 10
"""The time that a worker needs after its grace to store the current chunk."""


def read(path):
    """Read one YAML document."""
    return yaml.safe_load((KUBERNETES / path).read_text())


def container(job):
    """Return the only container of a Job."""
    (container,) = job["spec"]["template"]["spec"]["containers"]
    return container


def locked(name):
    """Return the versions in a lock file by package."""
    return dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))


@pytest.fixture(scope="module")
def stack():
    """The CloudFormation template as plain data."""
    return read_template()


@pytest.mark.parametrize("path", ["base/predict.yaml", "overlays/array/shards.yaml"])
def test_completions_equal_the_number_of_shards(path):
    """The Job has one index for each shard, and the program reads that number from its variable."""
    job = read(path)
    (shards,) = (variable["value"] for variable in container(job)["env"] if variable["name"] == COUNT)
    assert int(shards) == job["spec"]["completions"] >= job["spec"]["parallelism"]


def test_the_last_index_selects_the_last_shard():
    """The environment of the last pod of the array resolves to a shard."""
    job = read("overlays/array/shards.yaml")
    environment = {variable["name"]: variable["value"] for variable in container(job)["env"] if "value" in variable}
    last = job["spec"]["completions"] - 1
    assert resolve(None, None, environment | {"JOB_COMPLETION_INDEX": str(last)}).index == last


@pytest.mark.parametrize(
    ("path", "final"),
    [
        ("predict", [("Count", [EXIT_MACHINE]), ("FailJob", [EXIT_MENDABLE]), ("FailIndex", [EXIT_ERROR_ROWS])]),
        ("gather", [("Count", [EXIT_MACHINE]), ("FailJob", [EXIT_MENDABLE, EXIT_ERROR_ROWS])]),
    ],
)
def test_the_failure_policy_follows_the_exit_codes(path, final):
    """143 does not count as a failure. A code that a retry cannot change ends the Job, or the worker, at once."""
    rules = read(f"base/{path}.yaml")["spec"]["podFailurePolicy"]["rules"]
    codes = [(rule["action"], rule["onExitCodes"]["values"]) for rule in rules if "onExitCodes" in rule]
    assert codes == [("Ignore", [EXIT_STOPPED]), *final]


@pytest.mark.parametrize(("path", "limit"), [("predict", "backoffLimitPerIndex"), ("gather", "backoffLimit")])
def test_kubernetes_retries_for_ten_minutes_after_a_fault_of_the_machine(path, limit):
    """It waits 10 s before the first retry and twice as long before each of the others."""
    assert sum(10 * 2**retry for retry in range(read(f"base/{path}.yaml")["spec"][limit])) >= 600


def test_a_worker_that_failed_for_good_does_not_end_the_array():
    """Kubernetes ends the Job at a number of failed workers only if the Job states one."""
    assert {"backoffLimit", "maxFailedIndexes"}.isdisjoint(read("base/predict.yaml")["spec"])


def test_both_jobs_end_at_some_time_and_the_gathering_step_has_a_day_after_its_wait():
    """A Job that cannot get on, on a cluster without a fitting node, does not stay for ever."""
    predict, gather = (read(f"base/{name}.yaml")["spec"]["activeDeadlineSeconds"] for name in ("predict", "gather"))
    args = container(read("base/gather.yaml"))["args"]
    wait_s = 60 * float(args[args.index("--wait-minutes") + 1])
    assert (predict, gather) == (wait_s, wait_s + 24 * 3600)


def test_a_reclaimed_machine_does_not_count_as_a_failure():
    """The rule for disruptions comes first, so that no exit code turns a disruption into a failure."""
    for path in ("predict", "gather"):
        first = read(f"base/{path}.yaml")["spec"]["podFailurePolicy"]["rules"][0]
        assert first == {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}


def grace(command):
    """Return the seconds of `--grace` in a command."""
    return float(command[command.index("--grace") + 1])


def test_kubernetes_kills_after_the_grace_and_before_a_spot_machine_is_gone():
    """The termination grace period covers `--grace` and storing the chunk, and is shorter than the notice for spot."""
    job = read("base/predict.yaml")
    kill = job["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace(container(job)["args"]) + STORING_S <= kill < SPOT_NOTICE_S


def test_batch_kills_after_the_grace(stack):
    """AWS Batch has a fixed time between SIGTERM and SIGKILL; `--grace` fits it, and is the same as on Kubernetes."""
    command = stack["Resources"]["Predict"]["Properties"]["ContainerProperties"]["Command"]
    assert grace(command) + STORING_S <= BATCH_KILL_S
    assert grace(command) == grace(container(read("base/predict.yaml"))["args"])


def test_the_gathering_step_waits_longer_than_a_study_takes():
    """It waits for two weeks, because a summary of an unfinished study would look like the final one."""
    args = container(read("base/gather.yaml"))["args"]
    assert float(args[args.index("--wait-minutes") + 1]) >= 14 * 24 * 60


def test_the_disk_limit_of_a_pod_is_above_the_sum_of_its_volumes():
    """Kubernetes evicts a pod above its disk limit, even if each volume is within its own size."""
    for path in ("base/predict.yaml", "base/gather.yaml"):
        job = read(path)
        volumes = job["spec"]["template"]["spec"]["volumes"]
        empty_dirs = [volume["emptyDir"] for volume in volumes if "emptyDir" in volume]
        sizes = [int(empty_dir["sizeLimit"].removesuffix("Gi")) for empty_dir in empty_dirs]
        limit = container(job)["resources"]["limits"]["ephemeral-storage"]
        assert int(limit.removesuffix("Gi")) > sum(sizes)


def test_the_study_of_the_base_is_valid(monkeypatch):
    """`base/study.yaml` loads with the variables of `base/places.env`."""
    for line in (KUBERNETES / "base/places.env").read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and not name.startswith("#"):
            monkeypatch.setenv(name, value)
    assert load(KUBERNETES / "base/study.yaml").study.output_address == "s3://my-bucket/results/first-run"


def test_the_cache_fits_its_volume():
    """The volume is larger than the default limit of the cache. A pod whose volume overflows is evicted."""
    from job.study.study import Execution

    volumes = {volume["name"]: volume for volume in read("base/predict.yaml")["spec"]["template"]["spec"]["volumes"]}
    gibibytes = int(volumes["cache"]["emptyDir"]["sizeLimit"].removesuffix("Gi"))
    assert gibibytes * 2**30 > Execution().cache_gb * 10**9


@pytest.mark.parametrize("definition", ["Predict", "Gather"])
def test_batch_retries_a_stopped_worker(stack, definition):
    """143 and reclaimed machines are retried; a fault that the user can mend is not."""
    conditions = stack["Resources"][definition]["Properties"]["RetryStrategy"]["EvaluateOnExit"]
    codes = {condition["OnExitCode"]: condition["Action"] for condition in conditions if "OnExitCode" in condition}
    assert (codes[str(EXIT_STOPPED)], codes[str(EXIT_MENDABLE)]) == ("RETRY", "EXIT")
    assert conditions[0] == {"Action": "RETRY", "OnStatusReason": "Host EC2*"}


@pytest.mark.parametrize("definition", ["Predict", "Gather"])
def test_batch_does_not_retry_a_job_that_ended_with_3(stack, definition):
    """The ledger holds errors, or the first chunks all failed; a retry would end with 3 again."""
    conditions = stack["Resources"][definition]["Properties"]["RetryStrategy"]["EvaluateOnExit"]
    assert {"Action": "EXIT", "OnExitCode": str(EXIT_ERROR_ROWS)} in conditions


@pytest.mark.parametrize("definition", ["Predict", "Gather"])
def test_batch_tries_another_machine_after_a_fault_of_the_machine(stack, definition):
    """4 is left to the last condition, which retries. AWS allows five conditions at most."""
    strategy = stack["Resources"][definition]["Properties"]["RetryStrategy"]
    conditions = strategy["EvaluateOnExit"]
    assert str(EXIT_MACHINE) not in [condition.get("OnExitCode") for condition in conditions]
    assert conditions[-1] == {"Action": "RETRY", "OnExitCode": "*"}
    assert (len(conditions) <= 5, strategy["Attempts"] > 1) == (True, True)


def rights(stack, *words):
    """Return the resources of the job role's statements whose actions contain one of some words."""
    (policy,) = stack["Resources"]["JobRole"]["Properties"]["Policies"]
    statements = policy["PolicyDocument"]["Statement"]
    chosen = [
        statement["Resource"] for statement in statements if any(word in str(statement["Action"]) for word in words)
    ]
    resources = [name for resource in chosen for name in (resource if isinstance(resource, list) else [resource])]
    return [name.removeprefix("arn:${AWS::Partition}:s3:::") for name in resources]


OUTPUT = "${OutputBucket}/${OutputPrefix}/*"


def test_jobs_may_write_only_below_the_output_prefix(stack):
    """All writing actions of the job role have the output prefix as their only resource."""
    assert rights(stack, "Put", "Delete", "*") == [OUTPUT]


def test_jobs_may_read_only_below_the_prefixes_of_inputs_and_output(stack):
    """They read data, weights, specs and their own output, and nothing else in the buckets."""
    inputs = [f"${{InputBucket}}/${{{kind}Prefix}}/*" for kind in ("Data", "Weights", "Spec")]
    assert rights(stack, "GetObject", "*") == [*inputs, OUTPUT]


@pytest.mark.parametrize("prefix", ["data", "a/b", "my-data/2026"])
def test_the_stack_accepts_a_prefix(stack, prefix):
    """A prefix is one or more names with a slash between them."""
    assert all(re.search(pattern, prefix) for pattern in prefix_patterns(stack))


@pytest.mark.parametrize("prefix", ["", "/", "data/", "/data", "a//b"])
def test_the_stack_refuses_a_prefix_that_would_name_other_keys(stack, prefix):
    """With `data/`, ${DATA}/x would become s3://bucket/data//x, and the rights would cover only such keys."""
    assert not any(re.search(pattern, prefix) for pattern in prefix_patterns(stack))


def prefix_patterns(stack):
    """Return the patterns that the four prefixes must match."""
    names = [name for name in stack["Parameters"] if name.endswith("Prefix")]
    assert len(names) == 4
    return [stack["Parameters"][name]["AllowedPattern"] for name in names]


def test_the_stack_outputs_the_vcpus_of_a_worker(stack):
    """`submit.py` computes from them how many workers run at once."""
    requirements = stack["Resources"]["Predict"]["Properties"]["ContainerProperties"]["ResourceRequirements"]
    (vcpus,) = [requirement["Value"] for requirement in requirements if requirement["Type"] == "VCPU"]
    assert stack["Outputs"]["WorkerVcpus"]["Value"] == vcpus


def test_package_image_and_manifests_have_the_same_version():
    """The package, the image's label and the tag in the manifests state the same version."""
    (package,) = re.findall(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    (label,) = re.findall(r"^ARG VERSION=(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    (image,) = read("base/kustomization.yaml")["images"]
    assert label == image["newTag"] == package


def test_the_build_lock_agrees_with_the_development_lock():
    """The tools that build the image have the versions that development uses."""
    development = locked("requirements-dev.lock")
    assert all(development[name] == version for name, version in locked("requirements-build.lock").items())
