"""What Kubernetes and AWS Batch are told agrees with the program. Reads files alone; `make image-test` does more."""

import re
from pathlib import Path

import pytest
import yaml

from job.errors import EXIT_ERROR_ROWS, EXIT_MENDABLE, EXIT_STOPPED
from job.study import load
from job.worker.shard import COUNTS, resolve
from tests.infra.template import read_template

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "infra" / "kubernetes"
SPOT_NOTICE_S = 30
"""The clouds' shortest."""
BATCH_KILL_S = 30
"""What ECS gives a container between SIGTERM and SIGKILL, if nothing else is set."""
STORING_S = 10
"""What a worker has after its grace, to store the chunk in hand."""


def read(path):
    """Read one document of YAML."""
    return yaml.safe_load((KUBERNETES / path).read_text())


def container(job):
    """Give the only container of a Job."""
    (only,) = job["spec"]["template"]["spec"]["containers"]
    return only


def locked(name):
    """Read a lock's versions by package."""
    return dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))


@pytest.fixture(scope="module")
def stack():
    """The CloudFormation template."""
    return read_template()


@pytest.mark.parametrize("path", ["base/predict.yaml", "overlays/array/shards.yaml"])
def test_completions_are_the_number_of_shards(path):
    """As many indexes as shards, in the variable that the program reads."""
    job = read(path)
    (shards,) = (one["value"] for one in container(job)["env"] if one["name"] == COUNTS[0])
    assert int(shards) == job["spec"]["completions"] >= job["spec"]["parallelism"]


def test_the_last_index_finds_its_share():
    """The environment that Kubernetes makes of the array names a shard."""
    job = read("overlays/array/shards.yaml")
    environment = {one["name"]: one["value"] for one in container(job)["env"]}
    last = job["spec"]["completions"] - 1
    assert resolve(None, None, environment | {"JOB_COMPLETION_INDEX": str(last)}).index == last


@pytest.mark.parametrize(("path", "ends"), [("predict", [EXIT_MENDABLE]), ("gather", [EXIT_MENDABLE, EXIT_ERROR_ROWS])])
def test_kubernetes_heeds_the_exit_codes(path, ends):
    """A stop is no failure; what a second try cannot mend ends the Job at once."""
    rules = read(f"base/{path}.yaml")["spec"]["podFailurePolicy"]["rules"]
    codes = [(rule["action"], rule["onExitCodes"]["values"]) for rule in rules if "onExitCodes" in rule]
    assert codes == [("Ignore", [EXIT_STOPPED]), ("FailJob", ends)]


def test_kubernetes_heeds_a_machine_that_is_taken():
    """A disruption is looked for first, so that no exit code makes a failure of it."""
    for path in ("predict", "gather"):
        first = read(f"base/{path}.yaml")["spec"]["podFailurePolicy"]["rules"][0]
        assert first == {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}


def grace(command):
    """Give the seconds that a command names."""
    return float(command[command.index("--grace") + 1])


def test_the_grace_ends_before_the_kill():
    """SIGKILL comes after the program's own grace and time to store the chunk, and before a spot machine goes."""
    job = read("base/predict.yaml")
    kill = job["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace(container(job)["args"]) + STORING_S <= kill < SPOT_NOTICE_S


def test_the_grace_ends_before_batch_kills(stack):
    """AWS Batch cannot be told to wait longer: the program's grace is the shorter one, and that of Kubernetes."""
    command = stack["Resources"]["Predict"]["Properties"]["ContainerProperties"]["Command"]
    assert grace(command) + STORING_S <= BATCH_KILL_S
    assert grace(command) == grace(container(read("base/predict.yaml"))["args"])


def test_the_gathering_step_waits_longer_than_a_study_takes():
    """A summary of what is there so far would look like the end: it waits for two weeks."""
    args = container(read("base/gather.yaml"))["args"]
    assert float(args[args.index("--wait-minutes") + 1]) >= 14 * 24 * 60


def test_the_limit_of_a_pod_is_above_its_volumes():
    """A pod above its limit of disk is evicted, though each volume keeps to its size."""
    for path in ("base/predict.yaml", "base/gather.yaml"):
        job = read(path)
        volumes = job["spec"]["template"]["spec"]["volumes"]
        sizes = [int(one["emptyDir"]["sizeLimit"].removesuffix("Gi")) for one in volumes if "emptyDir" in one]
        limit = container(job)["resources"]["limits"]["ephemeral-storage"]
        assert int(limit.removesuffix("Gi")) > sum(sizes)


def test_the_first_study_is_sound(monkeypatch):
    """The study that the base carries is one, with the places that the base carries."""
    for line in (KUBERNETES / "base/places.env").read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and not name.startswith("#"):
            monkeypatch.setenv(name, value)
    assert load(KUBERNETES / "base/study.yaml").study.output_address == "s3://my-bucket/results/first-run"


def test_the_cache_fits_its_volume():
    """A pod whose volume overflows is evicted: the volume holds what the spec lets the cache grow to."""
    from job.study.study import Execution

    volumes = {one["name"]: one for one in read("base/predict.yaml")["spec"]["template"]["spec"]["volumes"]}
    gibibytes = int(volumes["cache"]["emptyDir"]["sizeLimit"].removesuffix("Gi"))
    assert gibibytes * 2**30 > Execution().cache_gb * 10**9


@pytest.mark.parametrize("definition", ["Predict", "Gather"])
def test_batch_tries_a_stopped_worker_again(stack, definition):
    """143 and a machine that was taken are tried again; a fault that the user can mend is not."""
    conditions = stack["Resources"][definition]["Properties"]["RetryStrategy"]["EvaluateOnExit"]
    codes = {one["OnExitCode"]: one["Action"] for one in conditions if "OnExitCode" in one}
    assert (codes[str(EXIT_STOPPED)], codes[str(EXIT_MENDABLE)]) == ("RETRY", "EXIT")
    assert conditions[0] == {"Action": "RETRY", "OnStatusReason": "Host EC2*"}


def test_batch_does_not_repeat_a_gathering_that_found_errors(stack):
    """3 says that the summary is stored, and that the ledger holds errors."""
    conditions = stack["Resources"]["Gather"]["Properties"]["RetryStrategy"]["EvaluateOnExit"]
    assert {"Action": "EXIT", "OnExitCode": str(EXIT_ERROR_ROWS)} in conditions


def rights(stack, *words):
    """Give what the jobs' rights are about, of those whose actions name one of some words."""
    (policy,) = stack["Resources"]["JobRole"]["Properties"]["Policies"]
    statements = [one for one in policy["PolicyDocument"]["Statement"] if any(w in str(one["Action"]) for w in words)]
    places = [one["Resource"] if isinstance(one["Resource"], list) else [one["Resource"]] for one in statements]
    return [place.removeprefix("arn:${AWS::Partition}:s3:::") for one in places for place in one]


OUTPUT = "${OutputBucket}/${OutputPrefix}/*"


def test_jobs_write_below_one_prefix_alone(stack):
    """Of the job's rights, those that write name the output's prefix."""
    assert rights(stack, "Put", "Delete", "*") == [OUTPUT]


def test_jobs_read_below_the_prefixes_of_inputs_and_their_own_output(stack):
    """Of data, weights and specs; the rest of the buckets is not theirs."""
    inputs = [f"${{InputBucket}}/${{{kind}Prefix}}/*" for kind in ("Data", "Weights", "Spec")]
    assert rights(stack, "GetObject", "*") == [*inputs, OUTPUT]


@pytest.mark.parametrize("prefix", ["data", "a/b", "my-data/2026"])
def test_the_stack_takes_a_prefix(stack, prefix):
    """Names with a slash between them."""
    assert all(re.search(pattern, prefix) for pattern in prefix_patterns(stack))


@pytest.mark.parametrize("prefix", ["", "/", "data/", "/data", "a//b"])
def test_the_stack_refuses_a_prefix_that_names_other_keys(stack, prefix):
    """`data/` would make s3://bucket/data//x of ${DATA}/x, and rights for that alone."""
    assert not any(re.search(pattern, prefix) for pattern in prefix_patterns(stack))


def prefix_patterns(stack):
    """Give what the four prefixes may look like."""
    names = [name for name in stack["Parameters"] if name.endswith("Prefix")]
    assert len(names) == 4
    return [stack["Parameters"][name]["AllowedPattern"] for name in names]


def test_the_stack_tells_what_a_worker_takes(stack):
    """`submit.py` reckons with it how many run at once."""
    asked = stack["Resources"]["Predict"]["Properties"]["ContainerProperties"]["ResourceRequirements"]
    (vcpus,) = [one["Value"] for one in asked if one["Type"] == "VCPU"]
    assert stack["Outputs"]["WorkerVcpus"]["Value"] == vcpus


def test_the_version_is_one():
    """The package's, the image's label, and the tag that the manifests pull."""
    (package,) = re.findall(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    (label,) = re.findall(r"^ARG VERSION=(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    (image,) = read("base/kustomization.yaml")["images"]
    assert label == image["newTag"] == package


def test_the_build_lock_agrees_with_the_development_lock():
    """The image is built by the versions that development uses."""
    development = locked("requirements-dev.lock")
    assert all(development[name] == version for name, version in locked("requirements-build.lock").items())
