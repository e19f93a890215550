"""Records of what a lower precision costs, and which precisions they allow."""

import dataclasses
import json

import pytest

from job.errors import JobError
from job.models.precision_records import PrecisionRecord, PrecisionRecords, parse, read, to_json

SAM, RITM = "a" * 64, "b" * 64


def record(weights=SAM, precision="bf16", mean=0.001, device="cuda"):
    return PrecisionRecord(
        weights=weights,
        precision=precision,
        device=device,
        data="Generated",
        episodes=200,
        mean=mean,
        largest=0.05,
        made={"date": "2026-11-26"},
    )


def sufficing(*records, weights=(SAM,), device="cuda"):
    return PrecisionRecords(records).sufficing(weights, device)


def test_without_records_no_lower_precision_suffices():
    """So `auto` stays fp32."""
    assert sufficing() == ()


def test_bf16_is_preferred_to_fp16():
    """Where both change IoU little enough."""
    assert sufficing(record(precision="fp16"), record()) == ("bf16", "fp16")


@pytest.mark.parametrize(("mean", "expected"), [(0.0019, ("bf16",)), (0.002, ())])
def test_the_mean_change_must_be_below_two_thousandths(mean, expected):
    """Exactly so much is too much."""
    assert sufficing(record(mean=mean)) == expected


def test_every_model_of_a_study_needs_a_record():
    """One without is enough to stay with fp32."""
    assert sufficing(record(), weights=(SAM, RITM)) == ()
    assert sufficing(record(), record(RITM), weights=(SAM, RITM)) == ("bf16",)


def test_the_worst_record_of_the_same_weights_decides():
    """Precision may cost more on other data."""
    assert sufficing(record(), record(mean=0.01)) == ()


def test_a_record_counts_on_its_kind_of_device():
    """One of a CPU says nothing about a GPU; without a device, either counts."""
    assert sufficing(record(device="cpu")) == ()
    assert sufficing(record(device="cpu"), device=None) == ("bf16",)


def test_no_weights_have_no_precision():
    """Weights are hashed only if a record is good enough; until then there are none."""
    assert sufficing(record(), weights=()) == ()


def test_weights_are_worth_hashing_if_a_record_is_good_enough():
    """Whichever weights it is of."""
    assert PrecisionRecords((record(RITM),)).hopeful
    assert not PrecisionRecords((record(mean=0.01),)).hopeful


def test_records_are_read_as_they_were_written(tmp_path):
    """Beside those that are shipped."""
    path = tmp_path / "records.json"
    path.write_text(to_json([record()]))
    shipped = read(None).records
    assert read(str(path)).records == (*shipped, record())


@pytest.mark.parametrize(
    ("key", "value", "place"),
    [("weights", "abc", r"\[0\]\.weights"), ("mean", -1, r"\[0\]\.mean"), ("more", 1, r"\[0\]\.more")],
)
def test_a_fault_in_a_file_of_records_is_named(key, value, place):
    """With the file and the place in it."""
    faulty = dataclasses.asdict(record()) | {key: value}
    with pytest.raises(JobError, match=rf"^mine\.json: expected the records .*; {place}: "):
        parse(json.dumps([faulty]).encode(), "mine.json")


def test_a_file_that_is_no_list_of_records_is_refused():
    """For example another JSON file, or none at all."""
    with pytest.raises(JobError, match=r"^mine\.json: expected the records"):
        parse(b"no json", "mine.json")
