"""Models of one study that are equal in all but the name are refused where they would make the same parts."""

import pytest

from job.errors import SpecError
from job.plan.make import make
from job.plan.validate import validate
from job.storage import InputCache
from job.study import loads

SPEC = """\
study: small
datasets:
  - {{name: A, modality: CT, generated: {{patients: 1}}, tasks: {{organ: 1}}}}
models:
  - {{name: a, family: ritm, arch: hrnet18s, checkpoint: "{folder}/ritm.pth"}}
  - {{name: b, family: ritm, arch: hrnet18s, checkpoint: "{folder}/copy.pth"}}
prompts:
  - {{clicks: {{protocol: ritm}}}}
"""
EQUAL = (
    "s.yaml:6:5: models[1]: expected another model than models[0]: a and b have the same weights and options, so their "
    "results for prompts[0] would be the same; remove one, or give each prompts of its own (models: […])"
)
OF_ITS_OWN = "  - {{models: [{model}], clicks: {{protocol: ritm, max: {clicks}}}}}\n"
BLOCK = "  - {clicks: {protocol: ritm}}\n"


@pytest.fixture
def study(tmp_path):
    """Load the study, after changes of its spec. Both checkpoints have the same content."""
    for name, content in (("ritm", b"any"), ("copy", b"any"), ("other", b"other")):
        (tmp_path / f"{name}.pth").write_bytes(content)

    def study(*changes):
        text = SPEC.format(folder=tmp_path)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        return loads(text, "s.yaml"), InputCache(tmp_path / "cache", 10**9)

    return study


def refusals(spec, cache):
    try:
        make(spec, cache)
    except SpecError as error:
        return str(error).splitlines()
    return []


def test_two_models_that_are_equal_in_all_but_the_name_are_refused(study):
    """The plan of a run names both, and the way out. The weights count, not their address."""
    assert refusals(*study()) == [EQUAL]


def test_validate_finds_them_too(study):
    """Beside the faults of the checkpoints, which are none of RITM's."""
    assert EQUAL in map(str, validate(*study(), full=False).faults)


def test_each_further_equal_model_is_a_fault(study, tmp_path):
    """It is compared with the first of them. A second block that both share adds none."""
    third = f"  - {{name: c, family: ritm, arch: hrnet18s, checkpoint: {tmp_path}/ritm.pth}}\nprompts:"
    lines = refusals(*study(("prompts:", third), (BLOCK, BLOCK + "  - {clicks: {protocol: mazurowski2023}}\n")))
    assert lines == [EQUAL, EQUAL.replace(":6:5: models[1]", ":7:5: models[2]").replace("a and b", "a and c")]


@pytest.mark.parametrize(
    "change",
    [("copy.pth", "other.pth"), ('copy.pth"', 'copy.pth", ritm: {flip: false}')],
    ids=["weights", "an option"],
)
def test_another_weight_or_option_makes_another_model(study, change):
    """Their rows may differ."""
    assert refusals(*study(change)) == []


def test_the_published_column_makes_no_other_model(study):
    """It is no option of the model."""
    assert refusals(*study(('copy.pth"', 'copy.pth", published: ritm_h32'))) == [EQUAL]


@pytest.mark.parametrize(("clicks", "faults"), [((3, 4), []), ((3, 3), [EQUAL.replace("prompts[0]", "prompts[1]")])])
def test_equal_models_may_have_different_prompts(study, clicks, faults):
    """Blocks of their own that ask the same make the same parts all the same."""
    blocks = [OF_ITS_OWN.format(model=model, clicks=number) for model, number in zip("ab", clicks, strict=True)]
    spec, cache = study((BLOCK, "".join(blocks)))
    assert refusals(spec, cache) == faults
    if not faults:
        names = {part.model: part.name for part in make(spec, cache).parts}
        assert names["a"] != names["b"]
