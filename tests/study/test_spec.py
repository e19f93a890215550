"""A spec is typed and frozen, has defaults and short forms, and takes variables from the environment."""

import json
import re
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from job.study import json_schema, load, loads
from job.study.dataset import Directions
from job.study.intensity import Intensity
from job.study.jitter import WRITTEN
from job.study.strict import PATTERNS
from tests.study.small import ENVIRONMENT, GENERATED, SMALL

SPECS = Path(__file__).parents[2] / "specs"
STUDIES = [path for path in sorted(SPECS.rglob("*.yaml")) if "\nstudy:" in path.read_text()]  # the others are included
each_spec = pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.name)


def test_a_small_spec_gets_its_defaults():
    """Each is the one that the field declares."""
    study = loads(SMALL).study
    assert study.output_address == "results/small"
    assert study.prompts[0].mask_choice == ("score",)
    assert study.datasets[0].intensity.label == "max/slice"
    assert study.execution.chunk == 64


def test_a_spec_is_frozen():
    """Nothing can change a study after it was read."""
    with pytest.raises(ValidationError, match="frozen"):
        loads(SMALL).study.seed = 2


def test_a_task_has_short_forms():
    """A label value, a list of label values, or `any`; the full form takes a threshold and a mask of its own."""
    text = SMALL.replace("{organ: 1}", "{a: 1, b: [2, 3], c: any, d: {above: 0.5, masks: '{image}'}}")
    tasks = loads(text).study.datasets[0].tasks
    assert [tasks[name].label for name in "abcd"] == [1, (2, 3), "any", None]
    assert (tasks["d"].above, tasks["d"].masks) == (0.5, "{image}")


def test_masks_and_selections_have_several_forms():
    """One address or a list; a pattern, a list of them, or values of fields."""
    text = SMALL.replace("a/*.png", "'a/{n:int}.png'").replace(
        "m/{stem}.png",
        "['m/{n:int}_?.png', 'l/{name}']\n    join: {at_least: 2}\n    unlabelled: skip\n    published_as: CT-Liver\n"
        "    only: {n: 1-9, list: s3://b/train.txt}\n    except: ['4*', x]",
    )
    data = loads(text).study.datasets[0]
    assert data.masks == ("m/{n:int}_?.png", "l/{name}")
    assert (data.join.at_least, data.unlabelled, data.published_as) == (2, "skip", "CT-Liver")
    assert (data.only, data.except_) == ({"n": "1-9", "list": "s3://b/train.txt"}, ("4*", "x"))
    assert (loads(SMALL).study.datasets[0].join, loads(SMALL).study.datasets[0].unlabelled) == ("union", "error")


def test_intensity_rules_have_names_for_the_rows():
    """Such as `window(40,400)/slice`."""
    rules = {
        "{scale: minmax, per: volume}": "minmax/volume",
        "{percentiles: [0.5, 99.5]}": "percentiles(0.5,99.5)/slice",
        "{window: [40, 400]}": "window(40,400)/slice",
        "{window: [-600, 1500]}": "window(-600,1500)/slice",  # of the lung
    }
    for rule, label in rules.items():
        text = SMALL.replace("tasks:", f"intensity: {rule}\n    tasks:")
        assert loads(text).study.datasets[0].intensity.label == label


def test_the_name_of_an_intensity_is_exact():
    """Six digits where they are exact, so that usual names are short; otherwise as many as needed."""
    rules = {
        (40, 400): "window(40,400)/slice",
        (-0.5, 1e-5): "window(-0.5,1e-05)/slice",
        (1e6, 1e22): "window(1e+06,1e+22)/slice",
        (1234567, 400): "window(1234567,400)/slice",
        (1234568, 0.1234567): "window(1234568,0.1234567)/slice",
    }
    assert {pair: Intensity(window=pair).label for pair in rules} == rules


@each_spec
def test_the_specs_of_the_project_are_valid(path):
    """With the variables that they use."""
    assert load(path, ENVIRONMENT).study.study


@each_spec
def test_the_specs_of_the_project_name_their_schema(path):
    """An editor then completes and checks them."""
    schema = "../" * (len(path.relative_to(SPECS).parts) - 1) + "schema.json"
    assert path.read_text().startswith(f"# yaml-language-server: $schema={schema}\n")


def test_the_committed_schema_is_up_to_date():
    """`make schema` writes it."""
    assert json.loads((SPECS / "schema.json").read_text()) == json_schema()


def test_every_pattern_of_the_schema_is_described_in_words():
    """A fault shows the words, not the regular expression. A jitter's are in its own module."""
    found = re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', json.dumps(json_schema()))
    patterns = {json.loads(pattern) for pattern in found}
    assert {pattern for pattern in patterns if WRITTEN not in pattern} == set(PATTERNS)


def test_variables_come_from_the_environment():
    """`${DATA}` inside a value; the source keeps it as written."""
    spec = loads(SMALL.replace("a/*.png", "${DATA}/a/*.png"), environment=ENVIRONMENT)
    assert spec.study.datasets[0].images == "/data/a/*.png"
    assert spec.source.raw["datasets"][0]["images"] == "${DATA}/a/*.png"


def test_generated_images_have_defaults():
    """One slice of each patient, seed 0."""
    generated = loads(GENERATED).study.datasets[0].generated
    assert (generated.patients, generated.slices, generated.seed) == (3, 1, 0)


def test_a_mask_template_takes_the_named_fields_of_the_images():
    """Here `{case}`."""
    text = SMALL.replace("a/*.png", "a/{case}.png").replace("{stem}", "{case}")
    assert loads(text).study.datasets[0].masks == "m/{case}.png"


@pytest.mark.parametrize("address", ["https://host/a?.png", "s3://bucket/site=?/a.png", "a?/b=?.png"])
def test_a_question_mark_is_a_wildcard(address):
    """Unless a `=` follows it in an http address, which makes it a query."""
    assert loads(SMALL.replace("a/*.png", address)).study.datasets[0].images == address


def test_own_keys_override_merged_ones():
    """Of several merged mappings the first has priority."""
    text = SMALL.replace("  - name: A\n", "  - <<: [{name: B}, {name: C, labels: binary255}]\n    name: A\n")
    (dataset,) = loads(text).study.datasets
    assert (dataset.name, dataset.labels) == ("A", "binary255")
    text = SMALL.replace("    name: A\n", "").replace("  - name: A\n", "  - <<: [{name: B}, {name: C}]\n")
    assert loads(text).study.datasets[0].name == "B"


@pytest.mark.parametrize("axes", ["LPS", "RAS", "AIL", "IRP", "rows-columns"])
def test_axes_name_one_direction_of_each_pair(axes):
    """Left or right, anterior or posterior, inferior or superior, in any order; or rows and columns."""
    assert TypeAdapter(Directions).validate_python(axes) == axes


@pytest.mark.parametrize("axes", ["LP", "LPSA", "LRS", "LPX", "LLS", "lps", "API", "SIL", "columns-rows", ""])
def test_any_other_axes_are_refused(axes):
    """Too few, too many, both of a pair, other letters."""
    with pytest.raises(ValidationError, match="expected rows-columns, or three letters such as LPS"):
        TypeAdapter(Directions).validate_python(axes)
