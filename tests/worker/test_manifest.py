"""The manifest of a worker's run says how its rows were made."""

import re
import time
from datetime import UTC, datetime
from importlib import metadata

import pytest

from job import __version__
from job.plan.make import make
from job.plan.shard import Shard
from job.storage import InputCache
from job.study import loads
from job.worker.manifest import manifest, versions, worker_name
from job.worker.tally import Tally

BEGAN = datetime(2026, 11, 26, 1, 2, 3, tzinfo=UTC)
SPEC = """\
study: small
datasets:
  - {{name: A, modality: CT, generated: {{patients: 1}}, tasks: {{organ: 1}}}}
models:
  - {{name: ritm, family: ritm, arch: hrnet18s, checkpoint: "{checkpoint}"}}
prompts:
  - clicks: {{protocol: ritm}}
seeds: [3, 1]
execution: {{device: cpu, batch: 4}}
"""


@pytest.fixture
def described(tmp_path, monkeypatch):
    """The manifest of a run, of which the checkpoint's address is in a variable."""
    (tmp_path / "ritm.pth").write_bytes(b"")  # its sha256 is that of nothing
    monkeypatch.setenv("WEIGHTS", str(tmp_path))
    spec = loads(SPEC.format(checkpoint="${WEIGHTS}/ritm.pth"))

    def described(shard=None, limit=None, tally=None):
        plan = make(spec, InputCache(tmp_path / "cache", 10**9), limit)
        return plan, manifest(spec, plan, shard, tally or Tally(), BEGAN)

    return described


def test_it_has_the_spec_as_written(described):
    """Variables are not expanded, because they can hold secrets."""
    _, made = described()
    assert made["spec"]["models"][0]["checkpoint"] == "${WEIGHTS}/ritm.pth"
    assert made["study"] == "small"


def test_it_says_how_values_became_8_bits_and_who_chose_that(described):
    """Here nobody did: it is the default."""
    _, made = described()
    assert made["intensity"] == {"A": {"modality": "CT", "rules": ["max/slice"], "from": ["default"]}}


def test_it_has_the_settings_of_each_model_with_their_defaults(described, tmp_path):
    """What is known of the weights is added, here nothing, and the package of the family."""
    _, made = described()
    assert made["models"] == [
        {
            "name": "ritm",
            "family": "ritm",
            "arch": "hrnet18s",
            "checkpoint": f"{tmp_path}/ritm.pth",
            "sha256": None,
            "published": None,
            "ritm": {"zoom_in": True, "flip": True, "one_pass": False},
            "trained_on": (),
            "licence": None,
            "citation": None,
            "zero_shot": None,
            "purpose": None,
            "brought_by": [f"medsam-job {__version__}"],
        }
    ]


def test_it_has_what_determines_the_rows(described):
    """Weights, seeds, precision and batch are those of the plan, which is named."""
    plan, made = described()
    assert made["plan"] == plan.spec
    assert made["weights"] == {"ritm": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}
    assert (made["seeds"], made["precision"], made["batch"]) == ([3, 1], "fp32", 4)


@pytest.mark.parametrize(("limit", "full_run"), [(None, True), (5, False)])
def test_it_says_whether_the_run_was_limited(described, limit, full_run):
    """A limited run is no full run, even if the limit leaves nothing out."""
    _, made = described(limit=limit)
    assert (made["limit"], made["full_run"]) == (limit, full_run)


def test_it_names_the_shard(described):
    """A worker alone has none."""
    assert described()[1]["shard"] is None
    assert described(shard=Shard(1, 3))[1]["shard"] == {"index": 1, "count": 3}


def test_it_has_the_counts_and_the_seconds_of_each_stage(described):
    """Seconds are rounded to hundredths."""
    tally = Tally()
    tally.counts.update(parts=2, rows=12)
    tally.seconds["encode"] += 1.23456
    tally.thread_seconds["decode"] += 2.5
    _, made = described(tally=tally)
    assert made["counts"] == {"parts": 2, "rows": 12}
    assert made["seconds"] == {"encode": 1.23}
    assert made["thread_seconds"] == {"decode": 2.5}
    assert made["speed"]["masks_per_s"] > 0


def test_it_has_the_device_and_the_versions(described):
    """They can change a row in the last bits."""
    _, made = described()
    assert made["device"]["device"] == "cpu"
    assert made["versions"]["numpy"] == metadata.version("numpy")
    assert {"medsam-job", "torch", "opencv-python-headless", "pillow", "nibabel"} <= set(made["versions"])


def test_it_has_the_time_of_beginning_and_end(described):
    """In UTC, to the second."""
    before = datetime.now(UTC).replace(microsecond=0)
    _, made = described()
    assert made["began"] == "2026-11-26T01:02:03+00:00"
    assert before <= datetime.fromisoformat(made["ended"]) <= datetime.now(UTC)


def test_the_name_of_a_run_is_unique():
    """It ends at random: containers can have the same host name and process id."""
    name = worker_name()
    assert re.fullmatch(r"\d{8}T\d{12}-.+-\d+-[0-9a-f]{8}", name)
    assert name != worker_name()


def test_names_of_runs_sort_by_time():
    """Also within a second: `manifest.json` lists the runs in this order."""
    names = []
    for _ in range(5):
        names.append(worker_name())
        time.sleep(0.001)
    assert names == sorted(names)


def test_a_package_that_is_not_installed_has_no_version(monkeypatch):
    """The rows of a finished run are not lost for that: a machine may lack what its models do not need."""
    monkeypatch.setattr("job.worker.manifest.VERSIONS_OF", ("numpy", "no-such-package"))
    found = versions()
    assert (found["numpy"], found["no-such-package"]) == (metadata.version("numpy"), None)
