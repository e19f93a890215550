"""Each overlay renders, is valid by the schemas of Kubernetes, and has its own properties. Run by `make image-test`."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hera.workflows.models import Workflow

KUBERNETES = Path(__file__).parents[2] / "infra" / "kubernetes"
ARRAYS = ("array", "spot", "pvc", "openshift", "kueue", "mig", "together")
NAMES = ("cpu", "gpu", *ARRAYS)
TOGETHER = ("pvc", "openshift", "kueue", "mig")
"""Components that a user may combine: all that have an overlay of their own."""
OWN = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../array]
components:
"""
ENUMS = {
    "completionMode": {"Indexed"},
    "podReplacementPolicy": {"Failed"},
    "restartPolicy": {"Never"},
    "action": {"Ignore", "Count", "FailJob", "FailIndex"},
    "operator": {"In", "Exists"},
    "effect": {"NoSchedule"},
}
"""Valid values of fields that the schemas accept with any string. `test_pods_are_restricted` checks RuntimeDefault."""
KEY = re.compile(r"AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)|aws_(?:access_key_id|secret_access_key)")


def render(overlay):
    """Return the objects of an overlay's folder, as kubectl would send them."""
    kubectl = shutil.which("kubectl")
    assert kubectl, "kubectl is needed to render the overlays: install it, or put it on the path"
    process = subprocess.run([kubectl, "kustomize", overlay], capture_output=True, check=False, text=True)
    assert process.returncode == 0, process.stderr
    return process.stdout


def of_components(folder, name, components):
    """Return the folder of an overlay that a user added to a copy of the manifests."""
    shutil.copytree(KUBERNETES, folder, dirs_exist_ok=True)
    overlay = folder / "overlays" / name
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text(
        OWN + "".join(f"  - ../../components/{component}\n" for component in components)
    )
    return overlay


@pytest.fixture(scope="module", params=NAMES)
def rendered(request, tmp_path_factory):
    """A file with one overlay as kubectl would send it."""
    folder = tmp_path_factory.mktemp("rendered")
    together = request.param == "together"
    overlay = of_components(folder, "together", TOGETHER) if together else KUBERNETES / "overlays" / request.param
    path = folder / f"{request.param}.yaml"
    path.write_text(render(overlay))
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


def test_pods_are_restricted(rendered, jobs):
    """Both Jobs follow the `restricted` pod security standard, with a read-only root file system.

    On OpenShift the namespace chooses the user, and a pod that states one is refused.
    """
    user = None if rendered.stem in ("openshift", "together") else 10001
    for pod in pods(jobs):
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert [pod["securityContext"].get(key) for key in ("runAsUser", "runAsGroup", "fsGroup")] == [user] * 3
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
    """A worker requests one GPU, one slice of it, or none in the `cpu` overlay. The gathering step requests none."""
    limits = {
        name: job["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"] for name, job in jobs.items()
    }
    gpus = {name: [key for key in limit if key.startswith("nvidia.com/")] for name, limit in limits.items()}
    slices = {key: ["nvidia.com/mig-1g.10gb"] for key in ("mig", "together")}
    assert gpus["medsam-job-predict"] == ({"cpu": []} | slices).get(rendered.stem, ["nvidia.com/gpu"])
    assert gpus["medsam-job-gather"] == []


def test_completions_equal_the_number_of_shards(rendered, jobs):
    """After all patches, the number of indexes equals the number of shards in the workers' environment."""
    spec = jobs["medsam-job-predict"]["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    environment = {variable["name"]: variable.get("value") for variable in container["env"]}
    assert environment["MEDSAM_JOB_SHARDS"] == str(spec["completions"])
    assert 1 <= spec["parallelism"] <= spec["completions"]
    assert (spec["completions"] > 1) == (rendered.stem in ARRAYS)


def test_only_the_cpu_overlay_hides_gpus(rendered, jobs):
    """On a GPU node a worker sees the driver. One without a GPU would refuse to ignore it."""
    (container,) = jobs["medsam-job-predict"]["spec"]["template"]["spec"]["containers"]
    environment = {variable["name"]: variable.get("value") for variable in container["env"]}
    assert environment.get("CUDA_VISIBLE_DEVICES") == ("-1" if rendered.stem == "cpu" else None)


@pytest.mark.parametrize(
    ("name", "actions"),
    [
        ("predict", ["Ignore", "Ignore", "Count", "FailJob", "FailIndex"]),
        ("gather", ["Ignore", "Ignore", "Count", "FailJob"]),
    ],
)
def test_every_overlay_keeps_the_failure_policy(jobs, name, actions):
    """No patch removes the rules for disruptions and exit codes."""
    policy = jobs[f"medsam-job-{name}"]["spec"]["podFailurePolicy"]["rules"]
    assert [rule["action"] for rule in policy] == actions


def test_spot_selects_machines_and_still_tolerates_the_gpu_taint(rendered, jobs):
    """Only `spot` has an affinity. Its list of tolerations replaces that of `gpu`, so it must repeat the GPU's."""
    if rendered.stem != "cpu":
        pod = jobs["medsam-job-predict"]["spec"]["template"]["spec"]
        assert "nvidia.com/gpu" in [toleration["key"] for toleration in pod["tolerations"]]
        assert ("affinity" in pod) == (rendered.stem == "spot")


def test_workers_fit_the_smallest_gpu_machines(jobs):
    """Of 4 vCPUs and 16 GiB, pods get 3.9 and 13. A disk of 30 GB is enough for the image and the request."""
    resources = jobs["medsam-job-predict"]["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert int(resources["requests"]["cpu"]) <= 3
    assert int(resources["limits"]["memory"].removesuffix("Gi")) <= 12
    assert int(resources["requests"]["ephemeral-storage"].removesuffix("Gi")) <= 8


def test_threads_follow_the_request_of_the_cpu(jobs):
    """No patch removes the variable: a worker of 3 CPUs on a node of 64 cores would start 64 threads."""
    (container,) = jobs["medsam-job-predict"]["spec"]["template"]["spec"]["containers"]
    (threads,) = [variable for variable in container["env"] if variable["name"] == "OMP_NUM_THREADS"]
    assert threads["valueFrom"]["resourceFieldRef"] == {"containerName": "medsam-job", "resource": "requests.cpu"}
    assert container["resources"]["requests"]["cpu"] in ("1", "3")


def test_nothing_connects_to_the_pods_and_on_a_volume_they_connect_to_nothing(rendered, documents, jobs):
    """The policy selects the pods of both Jobs, and has no rule that allows a connection."""
    policy = documents[("NetworkPolicy", "medsam-job")]["spec"]
    labels = [job["spec"]["template"]["metadata"]["labels"] for job in jobs.values()]
    assert all(policy["podSelector"]["matchLabels"].items() <= label.items() for label in labels)
    closed = ["Ingress", "Egress"] if rendered.stem in ("pvc", "together") else ["Ingress"]
    assert (policy["policyTypes"], policy.get("ingress"), policy.get("egress")) == (closed, None, None)


def test_on_a_volume_both_jobs_find_every_place_below_its_mount(rendered, documents, jobs):
    """The places of the object store are replaced; the claim is the one that the overlay makes."""
    if rendered.stem in ("pvc", "together"):
        (places,) = [document["data"] for (_, name), document in documents.items() if "places" in name]
        assert {places[name] for name in ("RESULTS", "DATA", "WEIGHTS")} == {
            "/store/results", "/store/data", "/store/weights"
        }  # fmt: skip
        for pod in pods(jobs):
            (volume,) = [volume for volume in pod["volumes"] if "persistentVolumeClaim" in volume]
            (mount,) = [mount for mount in pod["containers"][0]["volumeMounts"] if mount["name"] == volume["name"]]
            assert mount == {"name": "store", "mountPath": "/store"}
            assert ("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]) in documents


def test_only_kueue_starts_the_jobs_of_its_overlay(rendered, jobs):
    """They are suspended, and in a queue."""
    queued = rendered.stem in ("kueue", "together")
    for job in jobs.values():
        assert job["spec"].get("suspend", False) == queued
        assert ("kueue.x-k8s.io/queue-name" in job["metadata"]["labels"]) == queued


@pytest.mark.parametrize(
    ("component", "kind", "name", "has"),
    [
        ("runtime-class", "Job", "medsam-job-predict", "runtimeClassName: nvidia"),
        ("store-network", "NetworkPolicy", "medsam-job", "port: 443"),
    ],
)
def test_a_component_without_an_overlay_joins_one(component, kind, name, has, tmp_path):
    """It changes the one object that it is for, and the result is valid."""
    plain, joined = render(KUBERNETES / "overlays/array"), render(of_components(tmp_path, "joined", [component]))
    before, after = list(yaml.safe_load_all(plain)), list(yaml.safe_load_all(joined))
    changed = [(new["kind"], new["metadata"]["name"]) for old, new in zip(before, after, strict=True) if old != new]
    assert (changed, has in joined, has in plain) == ([(kind, name)], True, False)
    path = tmp_path / "joined.yaml"
    path.write_text(joined)
    test_an_overlay_is_valid_by_the_schemas(path)


def unknown_fields(written, read, place=""):
    """Yield the places of a document that its schema did not take over as they stand."""
    if isinstance(written, dict):
        for name, value in written.items():
            yield from unknown_fields(value, (read or {}).get(name), f"{place}.{name}")
    elif isinstance(written, list):
        for number, value in enumerate(written):
            yield from unknown_fields(value, read[number] if read else None, f"{place}[{number}]")
    elif written != read:
        yield place


def test_the_workflow_in_the_documentation_has_fields_that_argo_knows():
    """A field of another name would be dropped."""
    text = (KUBERNETES.parents[1] / "docs" / "deploy.md").read_text()
    (block,) = re.findall(r"```yaml\n(apiVersion: argoproj.io.*?)```", text, re.DOTALL)
    written = yaml.safe_load(block)
    read = Workflow.model_validate(written).model_dump(mode="json", by_alias=True, exclude_none=True)
    assert list(unknown_fields(written, read)) == []
