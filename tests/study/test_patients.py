"""`patients_of` names the data set that has the same patients."""

import pytest

from job.study import loads
from tests.study.small import ENVIRONMENT, GENERATED, SMALL, faults, only_fault

A = "  - {name: A, modality: CT, images: 'a/{p}_*.png', masks: 'm/{stem}.png', patient: '{p}', tasks: {organ: 1}}\n"
B = A.replace("name: A", "name: B, patients_of: A").replace("a/", "b/")
HEAD, _, REST = SMALL.partition("datasets:\n")
MODELS = "models:" + REST.partition("models:")[2]


def spec(*datasets):
    return HEAD + "datasets:\n" + "".join(datasets) + MODELS


def test_data_sets_of_the_same_patients_are_one_cohort():
    """Named after the one that has the patients; each of the others is one of its own."""
    third = A.replace("name: A", "name: C")
    datasets = loads(spec(A, B, third, B.replace("name: B", "name: D")), "s.yaml", ENVIRONMENT).study.datasets
    assert {dataset.name: dataset.cohort for dataset in datasets} == {"A": "A", "B": "A", "C": "C", "D": "A"}


@pytest.mark.parametrize(
    ("datasets", "expected"),
    [
        ((A, B.replace("of: A", "of: AB")), "no data set of this name (got AB); did you mean 'A'?"),
        ((A, B.replace("of: A", "of: B")), "expected another data set (got B)"),
        ((A.replace("name: A", "name: A, patients_of: B"), B.replace(", patients_of: A", ""),
          B.replace("name: B", "name: C")),
         "expected a data set without `patients_of` (got A); name the data set that it names"),
        ((A.replace("patient: '{p}', ", ""), B), "expected `patient` in both data sets, so that a patient"),
        ((A, B.replace("patient: '{p}'", "patient: null")), "expected `patient` in both data sets"),
    ],
)  # fmt: skip
def test_it_is_another_data_set_whose_patients_have_names(datasets, expected):
    """Patients are compared by name."""
    assert f".patients_of: {expected}" in only_fault(spec(*datasets))


def test_hashes_of_patients_need_one_secret():
    """With two, or with one on one side, equal names have different hashes."""
    salts = {"STUDY_SALT": "0123456789abcdef", "STUDY_OTHER": "fedcba9876543210"}
    salted, other = ("pseudonymise: '${" + name + "}', patient" for name in salts)
    for a, b in (("patient", salted), (salted, "patient"), (salted, other)):
        text = spec(A.replace("patient", a), B.replace("patient:", f"{b}:"))
        expected = "patients_of: expected the same `pseudonymise` in both data sets (got A)"
        assert expected in only_fault(text, ENVIRONMENT | salts)
    assert loads(spec(A.replace("patient", salted), B.replace("patient:", f"{salted}:")), "s.yaml", salts)


def test_generated_images_share_no_patients():
    """Their patients are drawn anew from each seed."""
    text = GENERATED.replace("    tasks:", "    patients_of: A\n    tasks:")
    assert any("datasets[0].patients_of: `patients_of` applies to files" in fault for fault in faults(text))
