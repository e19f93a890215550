"""Families of models of other packages: found by their entry points, refused with the package's name."""

import textwrap

import pytest

from job.errors import JobError, SpecError
from job.study.families import families, installed_family
from job.study.load import loads
from job.study.study import json_schema
from tests.installing import install_package

__all__ = ["install_package"]

MODULE = """
    from typing import Literal
    from pydantic import Field
    from job.study.model import ModelSpec

    class Own(ModelSpec):
        family: Literal["own"]
        strength: int = Field(3, ge=1)
        \"\"\"How hard it tries.\"\"\"
        steps: tuple[int, ...] = ()

    class FAMILY:
        spec = Own
"""
SPEC = """
study: s
datasets: [{{name: d, modality: CT, images: 'x/*.png', masks: 'y/*.png', tasks: {{organ: 1}}}}]
models: [{{name: m, {model}}}]
prompts: [{{modes: [whole_box]}}]
"""


@pytest.fixture
def install(install_package):
    """Return a function that installs a package with a family."""

    def installing(code=MODULE, package="own-model", family="own"):
        module = package.replace("-", "_")
        install_package(module, textwrap.dedent(code), "medsam_job.models", f"{family} = {module}:FAMILY")

    return installing


def study(model):
    return loads(SPEC.format(model=model)).study


def faults(model):
    with pytest.raises(SpecError) as error:
        study(model)
    return [f"{fault.field}: {fault.expected}" for fault in error.value.faults]


def test_our_own_families_join_by_entry_points_too():
    """So the door that others use is the one that we use."""
    assert {"sam", "lite_medsam", "lite_medsam_clicks", "ritm"} <= set(families())


def test_a_model_of_another_package_has_the_keys_of_its_family(install):
    """Typed, with the defaults of its class, and lists of YAML as tuples."""
    install()
    (model,) = study("family: own, strength: 7, steps: [1, 2]").models
    assert (model.strength, model.steps, model.checkpoint) == (7, (1, 2), None)


def test_its_keys_are_checked_as_ours_are(install):
    """With the place of the value, and the nearest valid key."""
    install()
    assert faults("family: own, strength: 0") == ["models[0].strength: expected at least 1"]
    with pytest.raises(SpecError, match=r"models\[0\]\.strenght: unknown key 'strenght'; did you mean 'strength'\?"):
        study("family: own, strenght: 5")


def test_a_family_that_is_not_installed_is_named_with_those_that_are():
    """A name that is nearly right has a hint."""
    (fault,) = faults("family: own")
    assert fault.startswith("models[0].family: expected edgetam or hq_sam or lite_medsam or ")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("1 / 0", "the family own of own-model 1.2 cannot be imported: division by zero"),
        ("FAMILY = 3", "the family own of own-model 1.2 is incomplete: expected a Family whose spec is a ModelSpec"),
        (MODULE.replace('Literal["own"]', 'Literal["other"]'), 'with family: Literal["own"]'),
        (MODULE.replace("(ModelSpec)", ""), "is incomplete"),
    ],
    ids=["raises", "no family", "another name", "no spec"],
)
def test_a_package_that_cannot_be_used_is_a_fault_of_the_spec_that_names_it(install, code, message):
    """It is named with its version. Specs that do not need it are read."""
    install(code)
    (fault,) = faults("family: own")
    assert message in fault
    assert study("family: lite_medsam").models[0].family == "lite_medsam"


def test_two_packages_with_one_name_are_refused(install):
    """Neither may take the other's place in silence; nor may one replace a family of ours."""
    install()
    install(package="other-model")
    assert "brought by other-model 1.2 and own-model 1.2: uninstall all but one" in faults("family: own")[0]


def test_its_part_of_the_json_schema_stands_beside_ours(install):
    """With the texts of its fields, so that an editor completes them."""
    install()
    schema = json_schema()
    assert schema["$defs"]["Own"]["properties"]["strength"]["description"] == "How hard it tries."
    assert schema["properties"]["models"]["items"]["discriminator"]["mapping"]["own"] == "#/$defs/Own"


def test_a_broken_package_takes_nothing_from_the_json_schema(install):
    """It is left out."""
    install("1 / 0")
    assert "own" not in json_schema()["properties"]["models"]["items"]["discriminator"]["mapping"]


def test_a_plan_of_a_family_that_is_gone_names_those_that_are_installed():
    """For commands that read a stored spec."""
    with pytest.raises(JobError, match="the family own is not installed here; installed are edgetam, hq_sam, "):
        installed_family("own")
