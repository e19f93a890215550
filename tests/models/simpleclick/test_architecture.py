"""A checkpoint's config is read as data and compared with the architecture in the spec."""

import pytest

from job.errors import WeightsError
from job.models.simpleclick.architecture import ARCHITECTURES, check_config, named_architecture

BASE = {"embed_dim": 768, "depth": 12, "num_heads": 12}


def config(backbone=BASE, head=(), **params):
    """A config in the form of the authors' training code, which has groups of params, and sides in pairs."""
    groups = {"backbone_params": dict(backbone), "head_params": {"channels": 256, **dict(head)}, **params}
    wrapped = {name: {"type": "builtin", "value": value, "specified": True} for name, value in groups.items()}
    return {"class": "isegm.model.is_plainvit_model.PlainVitModel", "params": wrapped}


@pytest.mark.parametrize("side", [(448, 448), [448, 448], 448])
def test_the_config_of_the_specs_architecture_passes(side):
    """A side may be a pair, of which a reader makes a list."""
    official = config({**BASE, "img_size": side, "patch_size": (16, 16), "mlp_ratio": 4}, {"align_corners": False})
    check_config(official, "vit_b")


def test_params_may_be_outside_of_groups():
    """And bare."""
    check_config({"class": "PlainVitModel", "params": {**BASE, "norm_radius": 5, "use_disks": True}}, "vit_b")


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        (None, r"SimpleClick config: expected a mapping with 'class' and 'params' \(got NoneType\)"),
        (
            {"class": "isegm.model.is_hrnet_model.HRNetModel", "params": {}},
            r"class: expected PlainVitModel \(got .*HRN",
        ),
        (config({"embed_dim": 768, "depth": 12}), r"params\.num_heads: expected int \(it is absent\)"),
        (config({**BASE, "depth": "12"}), r"params\.depth: expected int \(got '12'\)"),
        (config({**BASE, "img_size": (448, 224)}), r"params\.img_size: expected int \(got \(448, 224\)\)"),
        (config(use_disks=False), "params.use_disks: expected True, as in all released weights"),
        (config(with_prev_mask=False), "params.with_prev_mask: expected True, as in all released weights"),
        (config(head={"align_corners": True}), "params.align_corners: expected False, as in all released weights"),
        (config(head={"upsample": "x2"}), "params.upsample: expected x1, as in all released weights"),
    ],
)
def test_a_config_with_a_fault_is_refused(broken, named):
    """The error names the field."""
    with pytest.raises(WeightsError, match=named):
        check_config(broken, "vit_b")


@pytest.mark.parametrize(
    ("sizes", "differing"),
    [
        ({"embed_dim": 1024, "depth": 24, "num_heads": 16}, "embed_dim 1024 instead of 768.*; set arch: vit_l"),
        ({"num_heads": 16}, "not vit_b: num_heads 16 instead of 12; supported are vit_b, vit_l, vit_h, vit_xt"),
        ({"img_size": (1024, 1024)}, "not vit_b: img_size 1024 instead of 448; supported are"),
        ({"patch_size": (14, 14)}, "patch_size 14 instead of 16"),
    ],
)
def test_an_architecture_other_than_the_specs_is_refused(sizes, differing):
    """The error names the params that differ, and the arch to set if there is one."""
    with pytest.raises(WeightsError, match=differing):
        check_config(config({**BASE, **sizes}), "vit_b")


def test_a_group_that_holds_itself_is_read_once():
    """A file can hold such a dict."""
    backbone = {**BASE}
    backbone["backbone_params"] = backbone
    check_config(config(backbone) | {}, "vit_b")


def test_an_unknown_name_is_refused():
    """The error lists the names."""
    with pytest.raises(WeightsError, match="expected one of vit_b, vit_l, vit_h, vit_xt"):
        named_architecture("vit_s")
    assert named_architecture("vit_b") == ARCHITECTURES["vit_b"]
