"""The plan file: found by the spec that it was made from, read by all, written once."""

import dataclasses
import hashlib
import json
from pathlib import Path

import pytest

from job.datasets.sample import Excluded
from job.datasets.source import GeneratedImage, Source
from job.errors import OutputError
from job.plan import file as plan_file
from job.plan.file import Chunk, Part, Plan, PlannedModel, Unit, fingerprint, spec_name
from job.storage import FileInfo
from job.study import loads
from tests.plan.small_spec import small_spec

SPEC = small_spec("""\
prompts:
  - clicks: {protocol: ritm}
statistics: {noc: [0.8]}
execution: {device: cpu, cache_gb: 1, max_image_px: 100, chunk: 4}
""")


def name(old="", new="", limit=None):
    assert old in SPEC
    return spec_name(loads(SPEC.replace(old, new, 1)).study, limit)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("small", "other"),
        ("study:", "output: elsewhere\nstudy:"),
        ("noc: [0.8]", "noc: [0.5], confidence: 0.9, margin: 0.1, test_at: [first]"),
        ("sam.pth", "sam.pth, published: sam_vit_h"),
        ("modality: CT", "modality: CT, published_as: CT-Liver"),
        ("noc: [0.8]", "metrics: [assd]"),
        ("organ: 1", "organ: {label: 1, tolerance_mm: 0.5}"),
        ("device: cpu", "device: auto"),
        ("cache_gb: 1", "cache_gb: 2"),
        ("cache_gb: 1", "cache_gb: 1, embeddings: /embeddings, embeddings_gb: 1"),
        ("study:", "seed: 0\nstudy:"),
        ("study:", "seeds: [0]\nstudy:"),
    ],
)
def test_a_change_that_no_row_depends_on_finds_the_same_plan(old, new):
    """Other statistics, for example, are computed from the stored rows."""
    assert name(old, new) == name()


def test_shared_patients_find_the_same_plan():
    """They are the statistics' alone."""
    line = SPEC.splitlines()[2].replace("tasks", 'patient: "{stem}", tasks')
    two = SPEC.replace(SPEC.splitlines()[2], f"{line}\n{line.replace('A', 'B')}")
    shared = two.replace("name: B", "name: B, patients_of: A")
    assert spec_name(loads(shared).study, None) == spec_name(loads(two).study, None)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("organ: 1", "organ: 2"),
        ("a/*.png", "b/*.png"),
        ("modality: CT", "modality: CT, join: majority"),
        ("modality: CT", "modality: CT, unlabelled: skip"),
        ("modality: CT", "modality: CT, only: a*"),
        ("modality: CT", "modality: CT, except: a*"),
        ("sam.pth", "other.pth"),
        ("sam.pth", f"sam.pth, sha256: {'a' * 64}"),
        ("protocol: ritm", "protocol: ritm, max: 3"),
        ("study:", "seed: 4\nstudy:"),
        ("study:", "seeds: [0, 4]\nstudy:"),
        ("device: cpu", "device: cpu, precision: bf16"),
        ("device: cpu", "device: cpu, batch: 4"),
        ("max_image_px: 100", "max_image_px: 200"),
        ("chunk: 4", "chunk: 8"),
    ],
)
def test_a_change_that_the_plan_depends_on_has_another_plan(old, new):
    """Among these are images, weights, prompts, and the size of chunks."""
    assert name(old, new) != name()


def test_a_limited_run_has_a_plan_of_its_own():
    """One for each limit."""
    assert len({name(), name(limit=1), name(limit=2)}) == 3


def test_a_fingerprint_is_the_beginning_of_the_sha256_of_the_json():
    """24 hexadecimal digits. Keys are sorted first, and text is UTF-8, not escaped."""
    digest = hashlib.sha256(b'{"a":[2,null],"b":1}').hexdigest()
    assert fingerprint({"b": 1, "a": [2, None]}) == digest[:24]
    assert fingerprint(["ä"]) == hashlib.sha256(b'["\xc3\xa4"]').hexdigest()[:24]


def part(chunk, model, seed=1):
    return Part(name=f"{chunk}-{model}-{seed}", chunk=chunk, model=model, block=0, seed=seed, episodes=1)


def file(address):
    return FileInfo(address=address, size=1, version="v")


def unit(image, masks, content, slices=(0,)):
    source = Source(image=image.address, file=image, kind="picture", masks=masks, patient="p", volume="v")
    return Unit(source=source, slices=slices, content=content)


CT, MASK, GENERATED = file("ct.nii"), file("mask.nii"), GeneratedImage(seed=1, patient=2, slice=3)
DOUBT = Excluded(
    dataset="B",
    image="a.png",
    axis="none",
    slice=0,
    task=None,
    kind="warning",
    reason="patients not stated",
    detail="d",
)
PLAN = Plan(
    spec="0" * 24,
    precision="fp32",
    batch=32,
    limit=None,
    models={
        "sam": PlannedModel(sha256="5" * 64, purpose=None),
        "lite": PlannedModel(sha256="6" * 64, purpose="demo"),
    },
    chunks=(
        Chunk(
            name="c1",
            dataset="A",
            units=(
                unit(CT, {"organ": (MASK,), "lesion": ()}, ("key of ct", "missing", "key of mask"), (3, 4, 5)),
                unit(GENERATED, {"organ": (GENERATED,)}, ("generated", "generated")),
            ),
        ),
        Chunk(name="c2", dataset="A", units=(unit(CT, {"organ": (MASK,)}, ("key of ct", "key of mask"), (6, 7)),)),
        Chunk(name="c3", dataset="B", units=(), doubts=(DOUBT,)),
    ),
    parts=(part("c2", "sam"), part("c1", "sam"), part("c1", "lite"), part("c2", "sam", seed=2)),
)


def test_what_is_left_are_the_parts_that_are_not_done():
    """They come by chunk, in the plan's order; a chunk without any is left out, whatever else is stored."""
    sam_1, lite_1, sam_2, again_2 = part("c1", "sam"), part("c1", "lite"), part("c2", "sam"), part("c2", "sam", seed=2)
    assert list(PLAN.left(set()).items()) == [("c1", [sam_1, lite_1]), ("c2", [sam_2, again_2])]
    assert PLAN.left({"c1-sam-1", "c2-sam-2"}) == {"c1": [lite_1], "c2": [sam_2]}
    assert PLAN.left({"c1-sam-1", "c1-lite-1", "of another plan"}) == {"c2": [sam_2, again_2]}
    assert PLAN.left({part.name for part in PLAN.parts}) == {}


def test_part_names_are_listed_by_chunk():
    """A chunk without parts has an empty list."""
    assert PLAN.part_names == {"c1": ["c1-sam-1", "c1-lite-1"], "c2": ["c2-sam-1", "c2-sam-2"], "c3": []}


def test_purposes_are_those_of_each_models_weights():
    """None means weights that were never shipped."""
    assert PLAN.purposes == {"sam": None, "lite": "demo"}


def test_content_keys_are_those_of_the_files():
    """A missing mask has none, and a generated image is no file."""
    assert PLAN.content_keys() == {"ct.nii": "key of ct", "mask.nii": "key of mask"}


def test_a_unit_has_a_content_key_for_each_of_its_files():
    """A plan that lacks one was changed by hand, and its files cannot be checked."""
    chunk = Chunk(name="c", dataset="A", units=(unit(CT, {"organ": (MASK,)}, ("key of ct",)),))
    with pytest.raises(ValueError, match="shorter"):
        dataclasses.replace(PLAN, chunks=(chunk,)).content_keys()


def test_a_chunk_counts_its_raw_slices():
    """A 2D image counts as one."""
    assert [chunk.raw for chunk in PLAN.chunks] == [4, 2, 0]


@pytest.fixture
def output(tmp_path):
    return str(tmp_path)


def test_a_stored_plan_is_read_as_it_was(output):
    """Files, generated images and missing masks included."""
    plan_file.write(output, PLAN)
    assert plan_file.read(output, PLAN.spec) == PLAN
    assert plan_file.read_all(output) == [PLAN]


def test_without_a_stored_plan_none_is_read(output):
    """Nor is the plan of another spec."""
    assert plan_file.read(output, PLAN.spec) is None
    plan_file.write(output, PLAN)
    assert plan_file.read(output, "1" * 24) is None


def test_only_the_first_plan_of_a_spec_is_created(output):
    """A later one does not replace it, unless it is written."""
    later = dataclasses.replace(PLAN, batch=4)
    assert plan_file.create(output, PLAN)
    assert not plan_file.create(output, later)
    assert plan_file.read(output, PLAN.spec) == PLAN
    plan_file.write(output, later)
    assert plan_file.read(output, PLAN.spec) == later


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"version": 2, "rows": '])
def test_a_file_that_is_no_plan_is_refused(output, text):
    """The error names the file."""
    plan_file.write(output, PLAN)
    Path(plan_file.address(output, PLAN.spec)).write_text(text)
    with pytest.raises(OutputError, match=r"/plan/0{24}\.json: not a plan; delete it, or choose another output"):
        plan_file.read(output, PLAN.spec)


@pytest.mark.parametrize("key", ["version", "rows"])
def test_a_plan_of_another_version_is_refused(output, key):
    """Its rows could not be read beside those of this version."""
    plan_file.write(output, PLAN)
    path = Path(plan_file.address(output, PLAN.spec))
    stored = json.loads(path.read_text())
    path.write_text(json.dumps(stored | {key: stored[key] + 1}))
    with pytest.raises(OutputError, match="written by another version of medsam-job"):
        plan_file.read(output, PLAN.spec)
