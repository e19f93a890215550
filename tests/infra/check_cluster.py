"""The pods of the `array` overlay, as rendered, in podman, over a real S3 server. Run by `make image-test`.

There is no cluster here: podman plays each index of the Job as a pod, and this test does what Kubernetes would do of
itself (number the pods, start both Jobs together). Scheduling and the failure policy are not tested by it.
"""

import copy
import json
import shutil
import subprocess

import pytest
import yaml

from tests.infra.podman import IMAGE, ROOT, in_image, podman, reaching
from tests.infra.studies import small_study
from tests.integration.s3_server import Server, s3_server  # noqa: F401 - a fixture

SHARDS = 3
BUCKET = "s3://study/cluster"
CONTAINER = "medsam-job"


def pod_of(job, name, environment):
    """Make a pod of a Job's template, on this machine's network and from the image built here."""
    spec = copy.deepcopy(job["spec"]["template"]["spec"])
    (container,) = spec["containers"]
    container["image"] = f"{IMAGE}:latest"
    kept = [one for one in container.get("env", []) if one["name"] not in environment]
    container["env"] = kept + [{"name": key, "value": value} for key, value in environment.items()]
    spec["hostNetwork"] = True
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


@pytest.fixture(scope="module")
def played(s3_server: Server, tmp_path_factory):  # noqa: F811
    """Three workers and the gathering step, started together; gives each pod's exit code and log."""
    assert shutil.which("kubectl"), "kubectl is needed to render the overlays: install it, or put it on the path"
    overlay = ROOT / "infra/kubernetes/overlays/array"
    rendered = subprocess.run(["kubectl", "kustomize", overlay], capture_output=True, check=True, text=True).stdout
    documents = list(yaml.safe_load_all(rendered))
    jobs = {one["metadata"]["name"]: one for one in documents if one["kind"] == "Job"}
    maps = [one for one in documents if one["kind"] == "ConfigMap"]
    for one in maps:
        if "study.yaml" in one["data"]:
            one["data"]["study.yaml"] = small_study(patients=SHARDS)
        else:
            one["data"] |= {"RESULTS": BUCKET, **s3_server.environment}
    pods = [
        pod_of(
            jobs["medsam-job-predict"],
            f"medsam-predict-{index}",
            {"JOB_COMPLETION_INDEX": str(index), "MEDSAM_JOB_SHARDS": str(SHARDS)},
        )
        for index in range(SHARDS)
    ]
    pods.append(pod_of(jobs["medsam-job-gather"], "medsam-gather", {}))
    path = tmp_path_factory.mktemp("played") / "pods.yaml"
    path.write_text(yaml.safe_dump_all([*maps, *pods]))
    try:
        started = podman("kube", "play", path)
        assert started.returncode == 0, started.stderr
        names = [pod["metadata"]["name"] for pod in pods]
        yield {
            name: (podman("wait", f"{name}-{CONTAINER}").stdout.strip(), podman("logs", f"{name}-{CONTAINER}"))
            for name in names
        }
    finally:
        podman("kube", "down", path)


def test_every_pod_ends_with_0(played):
    """Workers and gathering step are done, with the rights and volumes of the manifests."""
    assert {name: code for name, (code, _) in played.items()} == dict.fromkeys(played, "0"), [
        log.stderr[-2000:] for _, log in played.values()
    ]


def test_the_workers_shared_the_chunks(played):
    """Each index did a share of its own."""
    shards = set()
    for name, (_, log) in played.items():
        for line in log.stderr.splitlines() if "predict" in name else []:
            told = json.loads(line)
            if told.get("event") == "predicted":
                shards.add((told["shard"], told["shards"]))
    assert shards == {(index, SHARDS) for index in range(SHARDS)}


def test_the_results_are_whole_and_true(played, s3_server: Server):  # noqa: F811
    """Seen from outside, all parts are there, and each score fits its mask."""
    done = in_image("verify", f"{BUCKET}/first-run", options=reaching(s3_server))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_summary_was_gathered(played, s3_server: Server):  # noqa: F811
    """The gathering step waited for the workers: all parts were there, and the summary has both models."""
    _, log = played["medsam-gather"]
    last = json.loads(log.stderr.splitlines()[-1])
    assert (last["event"], last["done"], last["failed"]) == ("gathering", last["parts"], 0)
    query = "SELECT DISTINCT model FROM task_scores ORDER BY model"
    done = in_image("sql", f"{BUCKET}/first-run", query, "--format", "json", options=reaching(s3_server))
    assert "lite_medsam_clicks" in done.stdout, done.stderr
    assert "ritm_h18s_demo" in done.stdout
