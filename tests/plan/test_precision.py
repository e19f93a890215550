"""`precision: auto` is resolved once, in the plan, by the records of the study's weights."""

import dataclasses
import hashlib

import pytest

from job.errors import SpecError
from job.models import device
from job.models.precision_records import PrecisionRecord, to_json
from job.plan import file as plan_file
from job.plan import precision as precisions
from job.plan.make import make
from job.plan.settle import settle, settle_precision
from job.plan.validate import validate
from job.storage import InputCache
from job.study import loads

SPEC = """\
study: small
datasets:
  - {{name: A, modality: CT, generated: {{patients: 1}}, tasks: {{organ: 1}}}}
models:
  - {{name: ritm, family: ritm, arch: hrnet18s, checkpoint: "{folder}/ritm.pth"}}
prompts:
  - {{clicks: {{protocol: ritm}}}}
execution: {{device: cpu, precision: {precision}{records}}}
"""
RECORD = PrecisionRecord(
    weights=hashlib.sha256(b"ritm").hexdigest(),
    precision="bf16",
    device="cpu",
    data="A",
    episodes=100,
    mean=0.001,
    largest=0.1,
    made={},
)


class Case:
    """A study of one model, with records of its weights, and its output."""

    def __init__(self, folder):
        self.folder, self.output = folder, str(folder / "results")
        self.cache = InputCache(folder / "cache", 10**9)
        (folder / "ritm.pth").write_bytes(b"ritm")

    def spec(self, precision="auto", records=(RECORD,)):
        path = self.folder / "records.json"
        path.write_text(to_json(records))
        place = f", precision_records: {path}" if records else ""
        return loads(SPEC.format(folder=self.folder, precision=precision, records=place), "s.yaml")

    def plan(self, *arguments, **options):
        return make(self.spec(*arguments, **options), self.cache)


@pytest.fixture
def case(tmp_path):
    return Case(tmp_path)


@pytest.fixture(autouse=True)
def has_bf16(monkeypatch):
    """State whether this machine computes in bf16 natively; it does unless a test says otherwise."""

    def has_bf16(answer):
        monkeypatch.setattr(device, "has_natively", lambda name, _: answer)

    has_bf16(True)
    return has_bf16


def test_auto_is_a_lower_precision_where_a_record_allows_it(case):
    """The record is of the very weights of the study."""
    assert case.plan().precision == "bf16"


@pytest.mark.parametrize(
    "change", [{"weights": "a" * 64}, {"mean": 0.01}, {"device": "cuda"}], ids=["weights", "cost", "device"]
)
def test_auto_is_fp32_without_such_a_record(case, change):
    """One of other weights, of too high a cost, or of another device."""
    assert case.plan(records=[dataclasses.replace(RECORD, **change)]).precision == "fp32"
    assert case.plan(records=()).precision == "fp32"


def test_auto_is_fp32_where_the_device_is_not_made_for_less(case, has_bf16):
    """A CPU without such instructions computes in bf16 more slowly."""
    has_bf16(False)
    assert case.plan().precision == "fp32"


@pytest.mark.parametrize("explicit", ["fp32", "bf16"])
def test_a_precision_that_is_stated_is_kept(case, explicit):
    """Whatever the records say."""
    assert case.plan(explicit).precision == explicit


@pytest.mark.parametrize(("records", "resolved"), [((RECORD,), "bf16"), ((), "fp32")])
def test_auto_makes_the_same_plan_as_the_precision_that_it_is(case, records, resolved):
    """Of the same name, with parts of the same names: a second run with either finds nothing to do."""
    assert case.plan(records=records) == case.plan(resolved, records=())


def test_the_plan_of_auto_has_one_of_three_names(case):
    """By which statistics find it, without records and weights."""
    names = plan_file.spec_names(case.spec().study, None)
    assert case.plan().spec in names
    assert case.plan(records=()).spec in names
    assert len(names) == 3
    assert plan_file.spec_names(case.spec("bf16").study, None) == (case.plan("bf16").spec,)


def test_shards_keep_to_the_precision_of_the_first(case, has_bf16):
    """Also one on a machine that would have chosen another."""
    first = settle(case.spec(), case.output, case.cache, None, shared=True)
    has_bf16(False)
    assert settle(case.spec(), case.output, case.cache, None, shared=True) == first
    assert plan_file.read_all(case.output) == [first]


def test_shards_of_a_limited_run_keep_to_the_precision_of_its_plan(case, has_bf16):
    """Not to that of the whole study."""
    settle(case.spec(), case.output, case.cache, 1, shared=True)
    has_bf16(False)
    assert settle_precision(case.spec(), case.output, case.cache, 1, shared=True).study.execution.precision == "bf16"
    assert settle_precision(case.spec(), case.output, case.cache, None, shared=True).study.execution.precision == "fp32"


def test_shards_do_not_take_a_plan_of_a_precision_that_no_record_allows(case):
    """It was made when the spec said so."""
    settle(case.spec("bf16"), case.output, case.cache, None, shared=True)
    assert settle(case.spec(records=()), case.output, case.cache, None, shared=True).precision == "fp32"


def test_weights_are_not_hashed_without_a_record_that_is_good_enough(case, monkeypatch):
    """Nor is the device looked for."""
    monkeypatch.setattr(precisions, "hash_models", lambda *_: pytest.fail("hashed"))
    costly = dataclasses.replace(RECORD, mean=0.01)
    assert precisions.resolved(case.spec(records=[costly]), case.cache).study.execution.precision == "fp32"


def test_records_that_cannot_be_read_are_a_fault_of_the_spec(case):
    """`validate` reports it too, with the place in the spec."""
    spec = case.spec()
    (case.folder / "records.json").write_text("[{}]")
    with pytest.raises(
        SpecError, match=r"s\.yaml:8:\d+: execution\.precision_records: .*records\.json: expected the rec"
    ):
        make(spec, case.cache)
    faults = validate(spec, case.cache, full=False).faults
    assert any(fault.field == "execution.precision_records" for fault in faults)
