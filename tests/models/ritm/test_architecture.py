"""A config is read as data and compared with what the spec says."""

import pytest

from job.errors import WeightsError
from job.models.ritm.architecture import ARCHITECTURES, RitmArch, architecture_of, check_architecture


def config(**params):
    wrapped = {name: {"type": "builtin", "value": value, "specified": True} for name, value in params.items()}
    return {"class": "isegm.model.is_hrnet_model.HRNetModel", "params": wrapped}


def test_the_architecture_stands_in_the_params():
    """Each named param is taken as it stands."""
    found = architecture_of(config(width=32, ocr_width=128, small=False, norm_radius=5, use_disks=True))
    assert found == RitmArch(width=32, ocr_width=128, small=False)


def test_params_that_are_absent_take_the_common_values():
    """Width and OCR width suffice for the architectures that are not small."""
    assert architecture_of(config(width=18, ocr_width=64)) == ARCHITECTURES["hrnet18"]


def test_params_that_shape_nothing_are_passed_over():
    """The dotted name of the norm layer is never imported."""
    given = config(width=18, ocr_width=48, small=True)
    given["params"]["norm_layer"] = {"type": "class", "value": "no.such.module.Norm"}
    assert architecture_of(given) == ARCHITECTURES["hrnet18s"]


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        (None, "expected a mapping"),
        ({"class": "x.HRNetModel"}, "params"),
        ({"class": "isegm.model.is_deeplab_model.DeeplabModel", "params": {}}, "DeeplabModel"),
        (config(ocr_width=48), "width"),
        (config(width=18, ocr_width="48"), "ocr_width"),
        (config(width=True, ocr_width=48), "width"),
    ],
)
def test_what_is_no_config_is_refused(broken, named):
    """The error names the field."""
    with pytest.raises(WeightsError, match=named):
        architecture_of(broken)


def test_another_architecture_is_refused_with_the_one_that_it_is():
    """hrnet32 weights under arch hrnet18s: the differing params, and the way out."""
    with pytest.raises(WeightsError, match=r"width 32 instead of 18.*state arch: hrnet32"):
        check_architecture(ARCHITECTURES["hrnet32"], "hrnet18s")


def test_an_architecture_that_nobody_released_is_refused():
    """Distances instead of disks are another network."""
    with pytest.raises(WeightsError, match="use_disks False instead of True"):
        check_architecture(RitmArch(width=18, ocr_width=64, use_disks=False), "hrnet18")


def test_an_unknown_name_is_refused():
    """The error lists the names."""
    with pytest.raises(WeightsError, match="hrnet18s, hrnet18, hrnet32"):
        check_architecture(ARCHITECTURES["hrnet18"], "hrnet48")
