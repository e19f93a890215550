"""The fault of a missing key, of an unknown key and of a value: its place, and the names that are valid there."""

import pytest

from job.study.explain import nearest
from tests.study.small import GENERATED, SMALL, faults, only_fault


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("    modality: CT\n", "", "s.yaml:3:5: datasets[0]: the key 'modality' is missing"),
        ("    family: lite_medsam\n", "", "s.yaml:9:5: models[0]: the key 'family' is missing"),
        ("lite_medsam", "sam\n    checkpoint: s.pth", "s.yaml:9:5: models[0]: the key 'arch' is missing"),
        ("modes: [whole_box]", "clicks: {max: 3}", "s.yaml:12:5: prompts[0].clicks: the key 'protocol' is missing"),
    ],
)
def test_a_missing_key_is_a_fault_at_the_mapping_that_lacks_it(old, new, expected):
    """Also in a model, whose keys depend on its family."""
    assert only_fault(SMALL.replace(old, new)) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("study: small", "study: small\nsed: 1", "sed: unknown key 'sed'; did you mean 'seed'?"),
        ("tasks:", "intensity: {windw: [1, 2]}\n    tasks:", "unknown key 'windw'; did you mean 'window'?"),
        ("organ: 1", "organ: {label: 1, msks: m}", "organ.msks: unknown key 'msks'; did you mean 'masks'?"),
        ("lite_medsam", "lite_medsam\n    chckpoint: c", "unknown key 'chckpoint'; did you mean 'checkpoint'?"),
        (
            "lite_medsam",
            "sam\n    arch: vit_b\n    checkpoint: c\n    arc: 1",
            "unknown key 'arc'; did you mean 'arch'?",
        ),
    ],
)
def test_the_hint_for_an_unknown_key_is_a_key_of_the_same_mapping(old, new, expected):
    """At the top, in a section, in a task with a name of its own, and in a model."""
    assert expected in only_fault(SMALL.replace(old, new))


def test_the_keys_of_another_family_are_no_hint():
    """`arch` is a key of SAM, and LiteMedSAM has none of that name."""
    fault = only_fault(SMALL.replace("lite_medsam", "lite_medsam\n    arc: vit_b"))
    names = "family, name, checkpoint, sha256, published, trained_on, licence, citation, zero_shot"
    assert fault.endswith(f"unknown key 'arc'; one of: {names}")


def test_without_names_there_is_no_hint():
    """An empty list after `one of:` would not help."""
    assert nearest("lite", []) is None


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("organ: 1", "organ: {label: [1.5]}", "tasks.organ.label[0]: expected an integer or a string (got 1.5)"),
        ("tasks:", "only: {stem: [[1]]}\n    tasks:", "datasets[0].only.stem[0]: expected an integer or a string"),
        (
            "tasks:",
            "axes: {LLS: a}\n    tasks:",
            "axes.LLS: expected rows-columns, or three letters such as LPS (got LLS)",
        ),
        ("tasks:", "slices: {keep: {every: x}}\n    tasks:", "slices.keep.every: expected an integer (got x)"),
    ],
)
def test_a_fault_inside_one_of_several_forms_has_its_own_place(old, new, expected):
    """The form that pydantic tried is not part of the place, and the value is not said to lack the other forms."""
    (fault,) = faults(SMALL.replace(old, new))
    assert fault.endswith(expected)


def test_a_value_that_fits_no_form_is_shown_as_written():
    """The value of a variable may be a secret."""
    fault = only_fault(SMALL.replace("tasks:", "slices: {keep: '${STUDY_TOKEN}'}\n    tasks:"), {"STUDY_TOKEN": "hush"})
    assert fault.endswith("slices.keep: expected labelled or all or largest or a mapping (got ${STUDY_TOKEN})")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("tasks: {organ: 1}", "tasks: 5", "datasets[0].tasks: expected a mapping (got 5)"),
        ("    tasks: {organ: 1}\n", "", "datasets[0]: the key 'tasks' is missing"),
    ],
)
def test_generated_images_without_a_mapping_of_tasks_have_a_fault(old, new, expected):
    """The checks across sections read the tasks before their types are known."""
    assert only_fault(GENERATED.replace(old, new)).endswith(expected)
