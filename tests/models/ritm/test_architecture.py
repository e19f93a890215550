"""A checkpoint's config is read as data and compared with the architecture in the spec."""

import pytest

from job.errors import WeightsError
from job.models.ritm.architecture import (
    ARCHITECTURES,
    SUPPORTED,
    RitmArch,
    architecture_of,
    check_architecture,
)


def config(**params):
    wrapped = {name: {"type": "builtin", "value": value, "specified": True} for name, value in params.items()}
    return {"class": "isegm.model.is_hrnet_model.HRNetModel", "params": wrapped}


def test_the_params_determine_the_architecture():
    """Each param has its own field; flags with one supported value have none."""
    arch = architecture_of(
        config(width=32, ocr_width=96, small=True, norm_radius=3, use_leaky_relu=False, use_disks=True)
    )
    assert arch == RitmArch(width=32, ocr_width=96, small=True, norm_radius=3, use_leaky_relu=False)


def test_absent_params_have_the_values_of_the_released_weights():
    """Width and OCR width suffice for an architecture that is not small."""
    assert architecture_of(config(width=18, ocr_width=64)) == ARCHITECTURES["hrnet18"]


def test_other_params_are_ignored():
    """The dotted name of a norm layer is not imported."""
    official = config(width=18, ocr_width=48, small=True)
    official["params"]["norm_layer"] = {"type": "class", "value": "no.such.module.Norm"}
    assert architecture_of(official) == ARCHITECTURES["hrnet18s"]


def test_values_may_be_bare():
    """A param may be its value instead of a mapping that holds it."""
    bare = {"class": "HRNetModel", "params": {"width": 18, "ocr_width": 64}}
    assert architecture_of(bare) == ARCHITECTURES["hrnet18"]


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        (None, r"expected a mapping with 'class' and 'params' \(got NoneType\)"),
        ([], r"expected a mapping with 'class' and 'params' \(got list\)"),
        ({"class": "x.HRNetModel"}, "params"),
        ({"class": "isegm.model.is_deeplab_model.DeeplabModel", "params": {}}, "DeeplabModel"),
        (config(ocr_width=48), r"params\.width: expected int \(it is absent\)"),
        (config(width=18), r"params\.ocr_width: expected int \(it is absent\)"),
        (config(width=18, ocr_width="48"), "ocr_width"),
        (config(width=True, ocr_width=48), "width: expected int"),
        (config(width=18, ocr_width=48, use_disks=1), "use_disks: expected bool"),
    ],
)
def test_a_config_with_a_fault_is_refused(broken, named):
    """The error names the field."""
    with pytest.raises(WeightsError, match=named):
        architecture_of(broken)


def test_an_architecture_other_than_the_specs_is_refused():
    """For hrnet32 weights under arch hrnet18s the error names the params that differ, and the arch to set."""
    differing = "width 32 instead of 18, ocr_width 128 instead of 48, small False instead of True"
    with pytest.raises(WeightsError, match=f"is not hrnet18s: {differing}; set arch: hrnet32"):
        check_architecture(ARCHITECTURES["hrnet32"], "hrnet18s")


def test_an_architecture_without_a_name_is_refused():
    """The error names the param that differs, and the supported architectures."""
    with pytest.raises(WeightsError, match="norm_radius 7 instead of 5; supported are hrnet18s, hrnet18, hrnet32"):
        check_architecture(RitmArch(width=18, ocr_width=64, norm_radius=7), "hrnet18")


@pytest.mark.parametrize("name", ["hrnet18s", "hrnet18", "hrnet32"])
def test_the_architecture_of_the_spec_passes(name):
    """No error is raised."""
    check_architecture(ARCHITECTURES[name], name)


@pytest.mark.parametrize("flag", SUPPORTED)
def test_a_flag_with_an_unsupported_value_is_refused(flag):
    """Distances instead of disks, for example, are another network."""
    supported = {"with_aux_output": True, "use_rgb_conv": False, "use_disks": True, "with_prev_mask": True}[flag]
    assert architecture_of(config(width=18, ocr_width=64, **{flag: supported})) == ARCHITECTURES["hrnet18"]
    with pytest.raises(WeightsError, match=f"params.{flag}: expected {supported}, as in all released weights"):
        architecture_of(config(width=18, ocr_width=64, **{flag: not supported}))


def test_an_unknown_name_is_refused():
    """The error lists the names."""
    with pytest.raises(WeightsError, match="hrnet18s, hrnet18, hrnet32"):
        check_architecture(ARCHITECTURES["hrnet18"], "hrnet48")
