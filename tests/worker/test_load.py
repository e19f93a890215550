"""The models that have work are built before the first chunk, from the checkpoints that were planned."""

import json

import pytest
import torch
from structlog.testing import capture_logs

from job.errors import JobError, WeightsError
from job.models import device as devices
from job.models import registry
from job.plan.make import make
from job.storage import InputCache
from job.study import loads
from job.study.study import Execution
from job.worker.load import check_device, load_models, log_device
from tests.cases import SPEC, medsam_job, use_fake_models, write_study

CPU = torch.device("cpu")
TWO_MODELS = """\
  - {{name: sam, family: sam, arch: vit_b, checkpoint: "{data}/sam.pth"}}
  - {{name: ritm, family: ritm, arch: hrnet18s, checkpoint: "{data}/ritm.pth"}}
"""
STUDY = SPEC.replace("  - name: lite\n    family: lite_medsam\n", TWO_MODELS).replace(
    "modes: [whole_box, each_box]", "modes: [largest_point]"
)


@pytest.fixture
def folder(tmp_path):
    """A study of one image and two models; no fake model reads their checkpoints."""
    write_study(tmp_path, cases=1, text=STUDY)
    for name in ("sam", "ritm"):
        (tmp_path / f"data/{name}.pth").write_bytes(name.encode())
    return tmp_path


@pytest.fixture
def load(folder, monkeypatch):
    """Plan the study, and return a function that loads models of it; a model is what it is built from."""
    spec, cache = loads((folder / "study.yaml").read_text()), InputCache(folder / "cache", 10**9)
    plan = make(spec, cache)
    monkeypatch.setattr(registry, "build", lambda *arguments: arguments)
    return lambda names: load_models(spec, plan, cache, CPU, names)


def test_each_named_model_is_built_from_its_checkpoint(load, folder):
    """On the device, in the planned precision, compiled as the spec says."""
    built = load({"sam", "ritm"})
    assert {name: arguments[0].name for name, arguments in built.items()} == {"sam": "sam", "ritm": "ritm"}
    assert {name: arguments[1:] for name, arguments in built.items()} == {
        name: (folder / f"data/{name}.pth", CPU, "fp32", "auto") for name in ("sam", "ritm")
    }


def test_a_model_without_work_is_not_built(load):
    """A large model is not loaded for parts that are done."""
    assert set(load({"ritm"})) == {"ritm"}


def test_weights_that_changed_since_the_plan_are_refused(load, folder):
    """Their rows would carry the name of a part of other weights. The error names the file and the way out."""
    (folder / "data/sam.pth").write_bytes(b"other")
    with pytest.raises(WeightsError, match=r"sam\.pth: changed since it was planned; .*`medsam-job plan SPEC --store`"):
        load({"sam"})


def test_only_weights_that_are_used_have_to_be_those_of_the_plan(load, folder):
    """A model without work may have changed."""
    (folder / "data/sam.pth").write_bytes(b"other")
    assert set(load({"ritm"})) == {"ritm"}


def test_a_shard_whose_weights_changed_ends_with_2_and_stores_nothing(folder, monkeypatch, capfd):
    """It keeps to the stored plan; a worker alone plans anew and runs the parts of the other weights."""
    use_fake_models(monkeypatch)
    spec = folder / "study.yaml"
    assert medsam_job(monkeypatch, "plan", spec, "--store") == 0
    (folder / "data/sam.pth").write_bytes(b"other")
    capfd.readouterr()
    assert medsam_job(monkeypatch, spec, "--shard", "0/1") == 2
    assert "sam.pth: changed since it was planned" in capfd.readouterr().err
    assert not (folder / "results/iou").exists()
    assert medsam_job(monkeypatch, spec, "--only", "predict") == 0
    assert json.loads(capfd.readouterr().err.splitlines()[-1])["parts"] == 2


def test_a_device_that_this_machine_lacks_is_refused():
    """The error names the field."""
    with pytest.raises(JobError, match=r"^device: "):
        check_device(Execution(device="cuda:77"))


def test_a_precision_that_the_device_lacks_is_refused():
    """A CPU does not compute in fp16."""
    check_device(Execution(device="cpu", precision="bf16"))
    with pytest.raises(JobError, match=r"^precision: fp16 needs a GPU"):
        check_device(Execution(device="cpu", precision="fp16"))


@pytest.mark.parametrize(
    ("requested", "level", "event"),
    [("cpu", "info", "running on cpu"), ("auto", "warning", "no GPU is seen: running on the CPU")],
)
def test_the_log_says_where_the_work_is_done(requested, level, event):
    """It warns if `auto` became the CPU, because a GPU may have been expected."""
    with capture_logs() as logs:
        log_device(requested, CPU, "bf16")
    facts = devices.describe(CPU)
    described = {"device_name": facts["device_name"], "precision": "bf16", "torch": torch.__version__}
    assert logs == [{"log_level": level, "event": event} | described]
