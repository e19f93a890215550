"""What a spec says of a model's weights: their data, licence and citation."""

import pytest

from job.errors import SpecError
from job.models.families.lite_medsam import LiteMedSam
from job.models.known_facts import known_facts
from job.models.known_weights import LITE_MEDSAM_SHA256
from job.study.facts import Facts, seen, stated
from job.study.load import loads

SPEC = """
study: s
datasets:
  - {{name: Mine, published_as: CT-Liver, modality: CT, images: 'x/*.png', masks: 'y/*.png', tasks: {{organ: 1}}}}
  - {{name: Other, modality: CT, images: 'z/*.png', masks: 'y/*.png', tasks: {{organ: 1}}}}
models: [{{name: m, family: lite_medsam, {facts}}}]
prompts: [{{modes: [whole_box]}}]
"""
VIT_H = "a7bf3b02f3ebf1267aba913ff637d9a2d5c33d3173bb679e46d9f338c26f262e"


def spec(**facts):
    return LiteMedSam(name="m", family="lite_medsam", **facts)


def test_what_the_spec_says_comes_before_what_is_known():
    """Key by key."""
    known = Facts(trained_on=("A",), licence="MIT", zero_shot=True)
    assert stated(spec(licence="CC0", zero_shot=False), known) == Facts(
        trained_on=("A",), licence="CC0", zero_shot=False
    )


@pytest.mark.parametrize(("said", "expected"), [(None, True), ("unknown", None), (False, False)])
def test_zero_shot_may_be_said_to_be_unknown(said, expected):
    """That is more than silence."""
    assert stated(spec(zero_shot=said), Facts(zero_shot=True)).zero_shot is expected


def test_official_weights_of_sam_are_zero_shot():
    """They were trained on SA-1B, photographs."""
    facts = known_facts(VIT_H)
    assert (facts.trained_on, facts.licence, facts.zero_shot) == (("SA-1B",), "Apache-2.0", True)


def test_of_weights_trained_on_many_public_data_sets_it_is_unknown():
    """LiteMedSAM's training set may hold the study's data."""
    assert known_facts(LITE_MEDSAM_SHA256).zero_shot is None


def test_nothing_is_known_of_other_weights():
    """Nor of a model without weights."""
    assert known_facts("0" * 64) == known_facts(None) == Facts()


@pytest.mark.parametrize(("name", "expected"), [("mine", ["Mine"]), ("CT-Liver", ["Mine"]), ("CT", [])])
def test_a_data_set_is_seen_by_its_own_or_its_published_name(name, expected):
    """Whole names, in capitals or not."""
    study = loads(SPEC.format(facts="zero_shot: unknown")).study
    assert list(seen(Facts(trained_on=(name,)), study.datasets)) == expected


def test_zero_shot_on_its_own_training_data_is_a_contradiction():
    """Refused at the key."""
    with pytest.raises(SpecError, match=r"models\[0\].zero_shot: expected false: trained_on names ct-liver, which is"):
        loads(SPEC.format(facts="trained_on: [SA-1B, ct-liver], zero_shot: yes"))


def test_yes_and_no_are_written_as_yaml_has_them():
    """And any other word is refused with those that are expected."""
    assert loads(SPEC.format(facts="zero_shot: no")).study.models[0].zero_shot is False
    with pytest.raises(SpecError, match=r"models\[0\].zero_shot: expected true or false or unknown"):
        loads(SPEC.format(facts="zero_shot: maybe"))
