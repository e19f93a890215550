"""Modes: what all have in common, and those of other packages."""

import textwrap
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from job.errors import JobError, SpecError
from job.prompts.blocks import resolve
from job.prompts.modes import EACH_BOX, EACH_POINT, LARGEST_BOX, LARGEST_POINT, WHOLE_BOX, prompt_mode
from job.study.load import loads
from job.study.study import json_schema
from job.testing import ModeSuite
from tests.cases import medsam_job, use_fake_models, write_generated
from tests.prompts.own import box_and_point

CODE = Path(box_and_point.__file__).read_text()
SPEC = """
study: s
datasets: [{name: d, modality: CT, images: 'x/*.png', masks: 'y/*.png', tasks: {organ: 1}}]
models: [{name: m, family: sam, arch: vit_b, checkpoint: sam.pth}]
prompts: [{modes: [NAME, whole_box]}]
"""


class TestLargestPoint(ModeSuite):
    """Mode 1."""

    mode = LARGEST_POINT


class TestEachPoint(ModeSuite):
    """Mode 2."""

    mode = EACH_POINT


class TestLargestBox(ModeSuite):
    """Mode 3."""

    mode = LARGEST_BOX


class TestEachBox(ModeSuite):
    """Mode 4."""

    mode = EACH_BOX


class TestWholeBox(ModeSuite):
    """Mode 5."""

    mode = WHOLE_BOX


class TestBoxAndPoint(ModeSuite):
    """The example of the docs."""

    mode = box_and_point.MODE


@pytest.fixture
def install(install_package):
    """Return a function that installs a package with the mode."""

    def installing(code=CODE, name="box_and_point"):
        install_package("box_and_point", code, "medsam_job.modes", f"{name} = box_and_point:MODE")

    return installing


def test_a_mode_of_another_package_is_named_as_ours_are(install):
    """Its package and version are in what determines a part's name."""
    install()
    (block,) = loads(SPEC.replace("NAME", "box_and_point")).study.prompts
    resolved = resolve(block, multimask=True)
    assert (resolved.prompts, resolved.brought_by) == (("box_and_point", "whole_box"), ("box-and-point 1.2",))
    listed = json_schema()["$defs"]["Prompts"]["properties"]["modes"]["anyOf"][0]["items"]["enum"]
    assert listed[0] == "largest_point"
    assert listed[-1] == "box_and_point"


def test_a_mode_of_another_package_is_run_and_moved(install, monkeypatch, tmp_path, capfd):
    """Each prediction was given a point and a box."""
    install()
    use_fake_models(monkeypatch)
    spec = write_generated(tmp_path)
    ours = "family: sam\n    arch: vit_b\n    checkpoint: sam.pth"
    blocks = "  - modes: [box_and_point]\n  - modes: [box_and_point]\n    jitter: 2 px"
    text = spec.read_text().replace("family: lite_medsam", ours).replace("  - modes: [whole_box, each_box]", blocks)
    spec.write_text(text)
    (tmp_path / "sam.pth").write_bytes(b"weights")
    monkeypatch.chdir(tmp_path)
    assert medsam_job(monkeypatch, spec) == 0, capfd.readouterr().err
    rows = pq.read_table(tmp_path / "results/predictions").to_pylist()
    assert {row["prompt"] for row in rows} == {"box_and_point", "box_and_point jitter 2 px"}
    assert {(len(row["points"]), len(row["boxes"])) for row in rows} == {(1, 1)}


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("1 / 0", "cannot be imported: division by zero"),
        ("MODE = 3", 'expected a PromptMode called "box_and_point"'),
    ],
    ids=["raises", "no mode"],
)
def test_a_package_that_cannot_be_used_is_a_fault_of_the_spec_that_names_it(install, code, message):
    """With its version and the reason."""
    install(code)
    with pytest.raises(SpecError, match=f"the mode box_and_point of box-and-point 1.2 .*{message}"):
        loads(SPEC.replace("NAME", "box_and_point"))


def test_a_package_that_gets_no_memory_is_no_fault_of_the_spec(install):
    """Another machine may import it."""
    install("raise ImportError('libx.so: cannot map: Cannot allocate memory')")
    with pytest.raises(ImportError, match="Cannot allocate memory"):
        loads(SPEC.replace("NAME", "box_and_point"))


@pytest.mark.parametrize("name", ["clicks", "one-shot", "box jitter 5 px", "a b"])
def test_a_name_that_rows_use_for_something_else_is_refused(install, name):
    """A jitter is part of a name, and clicks are no mode."""
    install(CODE.replace("box_and_point", name), name)
    with pytest.raises(SpecError, match=f"the mode {name} of box-and-point 1.2 is incomplete: expected a name of"):
        loads(SPEC.replace("NAME", f"'{name}'"))


def test_what_only_looks_like_a_mode_is_refused(install):
    """It has the attributes that the spec needs, and no more."""
    install('class MODE:\n    name, points, boxes = "box_and_point", True, False\n')
    with pytest.raises(JobError, match=r"expected a job\.prompts\.modes\.PromptMode, got type"):
        prompt_mode("box_and_point")


def test_a_model_is_refused_what_a_mode_gives_that_it_does_not_take(install):
    """Here a point, of a model that takes boxes."""
    install()
    from job.plan.blocks import prompt_blocks

    with pytest.raises(SpecError, match="m takes no points, which box_and_point would give it"):
        prompt_blocks(
            loads(
                SPEC.replace("NAME", "box_and_point").replace(
                    "family: sam, arch: vit_b, checkpoint: sam.pth", "family: lite_medsam"
                )
            )
        )


def test_the_mode_in_the_docs_is_the_one_that_is_tested():
    """Its code stands in docs/own-protocol.md, indented."""
    assert textwrap.indent(CODE.rstrip(), "    ") in Path("docs/own-protocol.md").read_text()
