"""Each overlay renders, is valid by the schemas of Kubernetes, and has its own properties. Run by `make image-test`."""

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
    "action": {"Ignore", "FailJob", "FailIndex"},
    "operator": {"In", "Exists"},
    "effect": {"NoSchedule"},
}
"""Valid values of fields that the schemas accept with any string. `test_pods_are_restricted` checks RuntimeDefault."""
KEY = re.compile(r"AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)|aws_(?:access_key_id|secret_access_key)")


@pytest.fixture(scope="module", params=NAMES)
def rendered(request, tmp_path_factory):
    """A file with one overlay as kubectl would send it."""
    kubectl = shutil.which("kubectl")
    assert kubectl, "kubectl is needed to render the overlays: install it, or put it on the path"
    command = [kubectl, "kustomize", OVERLAYS / request.param]
    process = subprocess.run(command, capture_output=True, check=False, text=True)
    assert process.returncode == 0, process.stderr
    path = tmp_path_factory.mktemp("rendered") / f"{request.param}.yaml"
    path.write_text(process.stdout)
    return path


@pytest.fixture
def documents(rendered):
    """The objects of the overlay by kind and name."""
    loaded = yaml.safe_load_all(rendered.read_text())
    return {(document["kind"], document["metadata"]["name"]): document for document in loaded}


@pytest.fixture
def jobs(documents):
    """The two Jobs by name."""
    return {name: document for (kind, name), document in documents.items() if kind == "Job"}


def pods(jobs):
    """Return the pod specs of the Jobs."""
    return [job["spec"]["template"]["spec"] for job in jobs.values()]


def walk(node):
    """Yield every key with its value, at any depth."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield key, value
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)


def test_an_overlay_is_valid_by_the_schemas(rendered):
    """No field is unknown, and each has the right type."""
    command = [Path(sys.executable).with_name("kubernetes-validate"), "--strict", rendered]
    process = subprocess.run(command, capture_output=True, check=False, text=True)
    assert process.returncode == 0, process.stdout + process.stderr


def test_values_that_the_schemas_leave_open_are_valid(documents):
    """Fields that the schemas accept with any string have a value that Kubernetes knows."""
    wrong = [
        (key, value)
        for key, value in walk(list(documents.values()))
        if key in ENUMS and isinstance(value, str) and value not in ENUMS[key]
    ]
    assert wrong == []


def test_pods_are_restricted(jobs):
    """Both Jobs follow the `restricted` pod security standard, with a read-only root file system."""
    for pod in pods(jobs):
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["securityContext"]["runAsUser"] == 10001
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_an_overlay_contains_no_key(rendered):
    """Pods get access to a store by their identity or by a secret that these files do not contain."""
    text = rendered.read_text()
    assert KEY.findall(text) == []
    assert "kind: Secret" not in text


@pytest.mark.parametrize(
    "text", ["AWS_SECRET_ACCESS_KEY: a", "- name: AWS_SESSION_TOKEN\n  value: a", '"AWS_ACCESS_KEY_ID": a']
)
def test_the_check_for_keys_finds_a_key(text):
    """It finds a key as an entry of a ConfigMap and as a variable of a container."""
    assert KEY.findall(text)


def test_both_jobs_read_the_same_study(jobs):
    """The gathering step needs the spec that the workers ran, to find their plan."""
    predict, gather = (
        next(volume for volume in pod["volumes"] if volume["name"] == "study") for pod in pods(jobs)
    )  # fmt: skip
    assert predict == gather


def test_only_workers_request_a_gpu(rendered, jobs):
    """A worker requests one GPU, or none in the `cpu` overlay. The gathering step requests none."""
    limits = {
        name: job["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"] for name, job in jobs.items()
    }
    assert limits["medsam-job-predict"].get("nvidia.com/gpu") == (None if rendered.stem == "cpu" else "1")
    assert "nvidia.com/gpu" not in limits["medsam-job-gather"]


def test_completions_equal_the_number_of_shards(rendered, jobs):
    """After all patches, the number of indexes equals the number of shards in the workers' environment."""
    spec = jobs["medsam-job-predict"]["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    environment = {variable["name"]: variable["value"] for variable in container["env"]}
    assert environment["MEDSAM_JOB_SHARDS"] == str(spec["completions"])
    assert 1 <= spec["parallelism"] <= spec["completions"]
    assert (spec["completions"] > 1) == (rendered.stem in ("array", "spot"))


def test_only_the_cpu_overlay_hides_gpus(rendered, jobs):
    """On a GPU node a worker sees the driver. One without a GPU would refuse to ignore it."""
    (container,) = jobs["medsam-job-predict"]["spec"]["template"]["spec"]["containers"]
    environment = {variable["name"]: variable["value"] for variable in container["env"]}
    assert environment.get("CUDA_VISIBLE_DEVICES") == ("-1" if rendered.stem == "cpu" else None)


@pytest.mark.parametrize(
    ("name", "actions"),
    [("predict", ["Ignore", "Ignore", "FailJob", "FailIndex"]), ("gather", ["Ignore", "Ignore", "FailJob"])],
)
def test_every_overlay_keeps_the_failure_policy(jobs, name, actions):
    """No patch removes the rules for disruptions and exit codes."""
    policy = jobs[f"medsam-job-{name}"]["spec"]["podFailurePolicy"]["rules"]
    assert [rule["action"] for rule in policy] == actions


def test_spot_selects_machines_and_still_tolerates_the_gpu_taint(rendered, jobs):
    """Only `spot` has an affinity. Its list of tolerations replaces that of `gpu`, so it must repeat the GPU's."""
    if rendered.stem in ("gpu", "array", "spot"):
        pod = jobs["medsam-job-predict"]["spec"]["template"]["spec"]
        assert "nvidia.com/gpu" in [toleration["key"] for toleration in pod["tolerations"]]
        assert ("affinity" in pod) == (rendered.stem == "spot")


def test_workers_fit_the_smallest_gpu_machines(jobs):
    """Of 4 vCPUs and 16 GiB, pods get 3.9 and 13. A disk of 30 GB is enough for the image and the request."""
    resources = jobs["medsam-job-predict"]["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert int(resources["requests"]["cpu"]) <= 3
    assert int(resources["limits"]["memory"].removesuffix("Gi")) <= 12
    assert int(resources["requests"]["ephemeral-storage"].removesuffix("Gi")) <= 8
