"""What a run notes of its spec is enough for the statistics: they need no spec to be made again."""

import json

import pytest

from job.plan.file import PlannedModel
from job.statistics.settings import from_note, settings, to_note
from job.study import loads

SPEC = """
study: noted
datasets:
  - {name: A, modality: CT, images: x/*.png, masks: y, patient: "{stem}", published_as: CT-Organ, tasks: {Liver: 1}}
  - {name: B, modality: CT, images: z/*.png, masks: y, patient: "{stem}", patients_of: A, tasks: {Lung: 1}}
models: [{name: sam, family: lite_medsam, published: sam_vit_h}, {name: other, family: lite_medsam}]
prompts: [{modes: [whole_box, each_box]}]
statistics:
  compare: {model: sam, baseline: other}
  contrasts: [{name: boxes, of: {prompt: whole_box}, minus: {prompt: each_box}}]
  test_at: [first, 3]
"""
MODELS = {"sam": PlannedModel(sha256="1f", purpose="demo"), "other": PlannedModel(sha256="2e", purpose=None)}


@pytest.fixture
def study():
    """A study with everything that the statistics know of a spec."""
    return loads(SPEC).study


def test_the_relations_of_a_note_are_those_of_the_spec(study):
    """After a way through a JSON file, with names, types and order."""
    statistics, relations = from_note(json.loads(json.dumps(to_note(study, MODELS))))
    assert statistics == study.statistics
    expected = settings(study, MODELS)
    assert set(relations) == set(expected)
    for name, table in expected.items():
        assert relations[name].equals(table), name


@pytest.mark.parametrize("lost", ["relations", "statistics"])
def test_a_note_of_another_version_is_refused(lost, study):
    """It lacks what this one reads."""
    note = to_note(study, MODELS)
    del note[lost]
    with pytest.raises(ValueError):  # noqa: PT011
        from_note(note)
