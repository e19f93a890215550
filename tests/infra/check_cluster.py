"""The pods of the rendered `array` overlay run in podman, with a real S3 server. Run by `make image-test`.

There is no cluster. podman runs each index of the Job as a pod, and this file does what Kubernetes would do: it sets
the indexes and starts both Jobs together. Scheduling and the failure policy are not tested.
"""

import copy
import json
import shutil
import subprocess

import pytest
import yaml

from tests.infra.engine import IMAGE, ROOT, engine, in_image, reaching
from tests.infra.studies import small_study
from tests.integration.s3_server import Server, s3_server  # noqa: F401 - a fixture

SHARDS = 3
BUCKET = "s3://study/cluster"
CONTAINER = "medsam-job"


def pod_of(job, name, environment):
    """Return a pod of a Job's template, on this machine's network and with the image that was built here."""
    spec = copy.deepcopy(job["spec"]["template"]["spec"])
    (container,) = spec["containers"]
    container["image"] = f"{IMAGE}:latest"
    kept = [variable for variable in container.get("env", []) if variable["name"] not in environment]
    container["env"] = kept + [{"name": key, "value": value} for key, value in environment.items()]
    spec["hostNetwork"] = True
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


@pytest.fixture(scope="module")
def played(s3_server: Server, tmp_path_factory):  # noqa: F811
    """Each pod's exit code and log, for three workers and the gathering step, started together."""
    assert shutil.which("kubectl"), "kubectl is needed to render the overlays: install it, or put it on the path"
    overlay = ROOT / "infra/kubernetes/overlays/array"
    rendered = subprocess.run(["kubectl", "kustomize", overlay], capture_output=True, check=True, text=True).stdout
    documents = list(yaml.safe_load_all(rendered))
    jobs = {document["metadata"]["name"]: document for document in documents if document["kind"] == "Job"}
    maps = [document for document in documents if document["kind"] == "ConfigMap"]
    for config_map in maps:
        if "study.yaml" in config_map["data"]:
            config_map["data"]["study.yaml"] = small_study(patients=SHARDS)
        else:
            config_map["data"] |= {"RESULTS": BUCKET, **s3_server.environment}
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
        process = engine("kube", "play", path)
        assert process.returncode == 0, process.stderr
        names = [pod["metadata"]["name"] for pod in pods]
        yield {
            name: (engine("wait", f"{name}-{CONTAINER}").stdout.strip(), engine("logs", f"{name}-{CONTAINER}"))
            for name in names
        }
    finally:
        engine("kube", "down", path)


def test_every_pod_ends_with_0(played):
    """Workers and gathering step succeed with the privileges and volumes of the manifests."""
    assert {name: code for name, (code, _) in played.items()} == dict.fromkeys(played, "0"), [
        log.stderr[-2000:] for _, log in played.values()
    ]


def test_each_worker_ran_its_own_shard(played):
    """The logs of the three workers name the three shards."""
    shards = set()
    for name, (_, log) in played.items():
        for line in log.stderr.splitlines() if "predict" in name else []:
            entry = json.loads(line)
            if entry.get("event") == "predicted":
                shards.add((entry["shard"], entry["shards"]))
    assert shards == {(index, SHARDS) for index in range(SHARDS)}


def test_the_results_are_complete_and_correct(played, s3_server: Server):  # noqa: F811
    """`verify` finds every part, and every score equal to that of its mask."""
    process = in_image("verify", f"{BUCKET}/first-run", options=reaching(s3_server))
    assert process.returncode == 0, process.stdout + process.stderr


def test_the_summary_covers_all_parts(played, s3_server: Server):  # noqa: F811
    """The gathering step waited until all parts were stored, and the summary has both models."""
    _, log = played["medsam-gather"]
    last = json.loads(log.stderr.splitlines()[-1])
    assert (last["event"], last["done"], last["failed"]) == ("gathering", last["parts"], 0)
    query = "SELECT DISTINCT model FROM task_scores ORDER BY model"
    process = in_image("sql", f"{BUCKET}/first-run", query, "--format", "json", options=reaching(s3_server))
    assert "lite_medsam_clicks" in process.stdout, process.stderr
    assert "ritm_h18s_demo" in process.stdout
