"""Each overlay renders, fits the schemas of Kubernetes, and says what it is for. Run by `make image-test`."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

OVERLAYS = Path(__file__).parents[2] / "infra" / "kubernetes" / "overlays"
NAMES = ("cpu", "gpu", "array", "spot")
ENUMS = {
    "completionMode": {"Indexed"},
    "podReplacementPolicy": {"Failed"},
    "restartPolicy": {"Never"},
    "action": {"Ignore", "FailJob"},
    "operator": {"In", "Exists"},
    "effect": {"NoSchedule"},
}
"""What the schemas take as any string; RuntimeDefault is looked at below."""
KEY = re.compile(r"AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)|aws_(?:access_key_id|secret_access_key)")


@pytest.fixture(scope="module", params=NAMES)
def rendered(request, tmp_path_factory):
    """One overlay as kubectl would send it, in a file."""
    kubectl = shutil.which("kubectl")
    assert kubectl, "kubectl is needed to render the overlays: install it, or put it on the path"
    done = subprocess.run([kubectl, "kustomize", OVERLAYS / request.param], capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    path = tmp_path_factory.mktemp("rendered") / f"{request.param}.yaml"
    path.write_text(done.stdout)
    return path


@pytest.fixture
def documents(rendered):
    """What it holds, by kind and name."""
    return {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(rendered.read_text())}


@pytest.fixture
def jobs(documents):
    """The two Jobs, by name."""
    return {name: one for (kind, name), one in documents.items() if kind == "Job"}


def pods(jobs):
    """The pods' specs."""
    return [job["spec"]["template"]["spec"] for job in jobs.values()]


def walk(node):
    """Give every key with its value, at any depth."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield key, value
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)


def test_it_fits_the_schemas(rendered):
    """No field is unknown, and each is of its type."""
    command = [Path(sys.executable).with_name("kubernetes-validate"), "--strict", rendered]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_words_are_known(documents):
    """What the schemas pass as any string is one of the words that Kubernetes knows."""
    wrong = [
        (key, value)
        for key, value in walk(list(documents.values()))
        if key in ENUMS and isinstance(value, str) and value not in ENUMS[key]
    ]
    assert wrong == []


def test_pods_are_restricted(jobs):
    """Both Jobs keep to the `restricted` standard for pods, on a root file system that is read-only."""
    for pod in pods(jobs):
        (one,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["securityContext"]["runAsUser"] == 10001
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert one["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_no_key_stands_in_it(rendered):
    """Keys of a store come by identity or by a secret, never by these files."""
    text = rendered.read_text()
    assert KEY.findall(text) == []
    assert "kind: Secret" not in text


@pytest.mark.parametrize(
    "text", ["AWS_SECRET_ACCESS_KEY: a", "- name: AWS_SESSION_TOKEN\n  value: a", '"AWS_ACCESS_KEY_ID": a']
)
def test_a_key_would_be_seen(text):
    """As an entry of a ConfigMap, or as a variable of a container."""
    assert KEY.findall(text)


def test_both_jobs_read_one_study(jobs):
    """The step that gathers looks for the plan of the very spec that the workers ran."""
    predict, gather = (
        next(volume for volume in pod["volumes"] if volume["name"] == "study") for pod in pods(jobs)
    )  # fmt: skip
    assert predict == gather


def test_gpus_are_asked_for_where_they_should_be(rendered, jobs):
    """One GPU a worker, none on the `cpu` overlay, and none for the step that gathers."""
    limits = {
        name: job["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"] for name, job in jobs.items()
    }
    assert limits["medsam-job-predict"].get("nvidia.com/gpu") == (None if rendered.stem == "cpu" else "1")
    assert "nvidia.com/gpu" not in limits["medsam-job-gather"]


def test_the_shards_are_counted(rendered, jobs):
    """After all patches, the number of indexes is the number that the workers are told."""
    spec = jobs["medsam-job-predict"]["spec"]
    told = {one["name"]: one["value"] for one in spec["template"]["spec"]["containers"][0]["env"]}
    assert told["MEDSAM_JOB_SHARDS"] == str(spec["completions"])
    assert 1 <= spec["parallelism"] <= spec["completions"]
    assert (spec["completions"] > 1) == (rendered.stem in ("array", "spot"))


@pytest.mark.parametrize("name", ["predict", "gather"])
def test_every_overlay_keeps_the_failure_policy(jobs, name):
    """No patch takes away what is said of exit codes."""
    policy = jobs[f"medsam-job-{name}"]["spec"]["podFailurePolicy"]["rules"]
    assert [rule["action"] for rule in policy] == ["Ignore", "Ignore", "FailJob"]


def test_spot_differs_from_the_array_by_its_machines_alone(rendered, jobs):
    """A GPU's taint is tolerated there too: a list of tolerations replaces the one before."""
    if rendered.stem in ("gpu", "array", "spot"):
        pod = jobs["medsam-job-predict"]["spec"]["template"]["spec"]
        assert "nvidia.com/gpu" in [one["key"] for one in pod["tolerations"]]
        assert ("affinity" in pod) == (rendered.stem == "spot")


def test_workers_fit_the_smallest_gpu_machines(jobs):
    """4 processors and 16 GiB, of which pods get 3.9 and 13; a node's disk of 30 GB holds image and request."""
    asked = jobs["medsam-job-predict"]["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert int(asked["requests"]["cpu"]) <= 3
    assert int(asked["limits"]["memory"].removesuffix("Gi")) <= 12
    assert int(asked["requests"]["ephemeral-storage"].removesuffix("Gi")) <= 8
