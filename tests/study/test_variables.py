"""A spec reads the environment variables that are meant for specs, and no other; each has a value or a default."""

import pytest

from job.errors import UnsetVariablesError
from job.study import loads
from tests.study.small import SMALL, faults, only_fault

PLACE = "s.yaml:5:5: datasets[0].images: "


def images(text, environment):
    """Return the pattern of images that a spec with `text` in its place has."""
    return loads(SMALL.replace("a/*.png", text), environment=environment).study.datasets[0].images


@pytest.mark.parametrize("name", ["DATA", "WEIGHTS", "RESULTS", "MEDSAM_ROOT", "STUDY_ROOT"])
def test_a_spec_reads_the_variables_that_are_meant_for_it(name):
    """Three by name, others by their beginning."""
    assert images(f"${{{name}}}/a.png", {name: "/x"}) == "/x/a.png"


@pytest.mark.parametrize("names", ["SITE", "OTHER,SITE", "OTHER SITE", "OTHER,\n SITE"])
def test_the_environment_names_further_variables(names):
    """One, or a list with commas or spaces."""
    assert images("${SITE}/a.png", {"SITE": "/x", "MEDSAM_JOB_SPEC_VARS": names}) == "/x/a.png"


@pytest.mark.parametrize("name", ["AWS_SECRET_ACCESS_KEY", "HOME", "DATASETS", "XSTUDY_A", "data", "SIT"])
@pytest.mark.parametrize("default", ["", ":-x"])
def test_any_other_variable_is_refused_by_name(name, default):
    """With place and way out, also if it has a default. Its value is not shown."""
    fault = only_fault(SMALL.replace("a/*.png", f"http://host/${{{name}{default}}}.png"), {
        name: "hush", "MEDSAM_JOB_SPEC_VARS": "SITE",
    })  # fmt: skip
    assert fault == (
        f"{PLACE}a spec may not read the variable {name}; use DATA, WEIGHTS, RESULTS or a name that begins with "
        "MEDSAM_ or STUDY_, or add the name to MEDSAM_JOB_SPEC_VARS in the environment"
    )


def test_a_refused_variable_is_refused_whether_it_is_set_or_not():
    """Otherwise, a spec could ask which variables a machine has."""
    text = SMALL.replace("a/*.png", "${HF_TOKEN}.png")
    assert only_fault(text, {}) == only_fault(text, {"HF_TOKEN": "hush"})


@pytest.mark.parametrize(("environment", "expected"), [
    ({}, "/default/a.png"), ({"DATA": ""}, "/default/a.png"), ({"DATA": "/x"}, "/x/a.png"),
])  # fmt: skip
def test_a_default_takes_the_place_of_an_unset_or_empty_variable(environment, expected):
    """As in a shell."""
    assert images("${DATA:-/default}/a.png", environment) == expected


def test_a_default_may_be_empty_and_may_hold_colons():
    """Such as the default of a suffix, and an address."""
    assert images("a${STUDY_TAG:-}/${DATA:-s3://b:1/-c}.png", {}) == "a/s3://b:1/-c.png"


@pytest.mark.parametrize(("environment", "state"), [({}, "is not set"), ({"DATA": ""}, "is empty")])
def test_a_variable_without_value_and_default_is_a_fault(environment, state):
    """An empty one too: `${DATA}/a` would be a folder at the root of the file system."""
    fault = only_fault(SMALL.replace("a/*.png", "${DATA}/a.png"), environment)
    assert fault == f"{PLACE}the variable DATA {state}; set it, or write ${{DATA:-default}}"


def test_a_variable_that_several_values_need_is_one_fault():
    """At the first place, with the number of the others. The error has all of them as written."""
    text = SMALL.replace("a/*.png", "${DATA}/a.png").replace("m/{stem}", "${DATA}/{stem}")
    assert only_fault(text, {}).startswith(f"{PLACE}the variable DATA is not set, here and in 1 more of the spec's")
    with pytest.raises(UnsetVariablesError) as error:
        loads(text, environment={})
    assert error.value.uses == {"DATA": ("${DATA}/a.png", "${DATA}/{stem}.png")}


def test_faults_elsewhere_are_reported_with_unset_variables():
    """The value without its variable has no second fault."""
    text = SMALL.replace("study: small", "study: ${STUDY_NAME}").replace("whole_box", "whole_bx")
    assert [fault.split(": ")[1] for fault in faults(text, {})] == ["study", "prompts[0].modes[0]"]


@pytest.mark.parametrize("text", [
    "${DATA/a.png", "${}/a.png", "${DATA-/x}/a.png", "${DATA:=/x}/a.png", "${DATA:-{stem}}/a.png", "${1}/a.png",
    "${ DATA }/a",
])  # fmt: skip
def test_another_form_is_refused(text):
    """Shells have more of them; a value is never used with half of its variable."""
    assert only_fault(SMALL.replace("a/*.png", f"'{text}'"), {"DATA": "/x"}) == (
        f"{PLACE}expected a variable as ${{NAME}} or ${{NAME:-default}}, the default without braces"
    )


def test_a_variable_without_braces_is_refused_with_the_right_form():
    """It would be taken for a folder of that name. Any other dollar is text."""
    fault = only_fault(SMALL.replace("a/*.png", "$DATA/a.png"), {"DATA": "/x"})
    assert fault.endswith("without braces; write ${DATA} for $DATA")
    assert images("$a/$1/b$.png", {}) == "$a/$1/b$.png"


def test_a_value_is_not_expanded_again():
    """The environment is no spec."""
    assert images("${DATA}/a.png", {"DATA": "${STUDY_X}", "STUDY_X": "x"}) == "${STUDY_X}/a.png"
