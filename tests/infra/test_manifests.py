"""What Kubernetes and AWS Batch are told agrees with the program. Reads files alone; `make image-test` does more."""

import re
from pathlib import Path

import pytest
import yaml

from job.errors import EXIT_ERROR_ROWS, EXIT_MENDABLE, EXIT_STOPPED
from job.shard import COUNTS, resolve
from job.spec import load
from tests.infra.template import read_template

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "infra" / "kubernetes"
SPOT_NOTICE_S = 30


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
    assert int(shards) == job["spec"]["completions"] == job["spec"]["parallelism"]


def test_the_last_index_finds_its_share():
    """The environment that Kubernetes makes of the array names a shard."""
    environment = {one["name"]: one["value"] for one in container(read("overlays/array/shards.yaml"))["env"]}
    assert resolve(None, None, environment | {"JOB_COMPLETION_INDEX": "7"}).index == 7


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


def test_the_grace_ends_before_the_kill():
    """SIGKILL comes after the program's own grace, with time left to store the chunk in hand."""
    job = read("base/predict.yaml")
    args = container(job)["args"]
    grace = float(args[args.index("--grace") + 1])
    assert grace + 10 <= job["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]


def test_on_spot_the_grace_fits_the_notice():
    """The program stops, and is killed if need be, before the machine goes."""
    kill = read("overlays/spot/spot.yaml")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    (patched,) = re.findall(r'--grace, "(\d+)"', (KUBERNETES / "overlays/spot/kustomization.yaml").read_text())
    assert int(patched) + 10 <= kill < SPOT_NOTICE_S


def test_the_first_study_is_sound(monkeypatch):
    """The study that the base carries is one, with the places that the base carries."""
    for line in (KUBERNETES / "base/places.env").read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and not name.startswith("#"):
            monkeypatch.setenv(name, value)
    assert load(KUBERNETES / "base/study.yaml").study.output_address == "s3://my-bucket/results/first-run"


def test_the_cache_fits_its_volume():
    """A pod whose volume overflows is evicted: the volume holds what the spec lets the cache grow to."""
    from job.spec.study import Execution

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


def test_the_build_lock_agrees_with_the_development_lock():
    """The image is built by the versions that development uses."""
    development = locked("requirements-dev.lock")
    assert all(development[name] == version for name, version in locked("requirements-build.lock").items())
