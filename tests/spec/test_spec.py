"""A spec is typed and frozen; every fault of it is named at once, with its place, and the way out."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from job.errors import SpecError
from job.spec import json_schema, load, loads

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {"DATA": "/data", "WEIGHTS": "/weights", "RESULTS": "s3://bucket/results"}

SMALL = """\
study: small
datasets:
  - name: A
    modality: CT
    images: a/*.png
    masks: m/{stem}.png
    tasks: {organ: 1}
models:
  - name: lite
    family: lite_medsam
prompts:
  - modes: [whole_box]
"""


def faults(text, environment=ENVIRONMENT):
    with pytest.raises(SpecError) as error:
        loads(text, "s.yaml", environment)
    return [str(fault) for fault in error.value.faults]


def only_fault(text, environment=ENVIRONMENT):
    (fault,) = faults(text, environment)
    return fault


def test_a_small_spec_gets_its_defaults():
    """What is unstated has one value, the one that the field declares."""
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
    """A label value, a list of them, `any`, or a threshold with a mask of its own."""
    tasks = "{a: 1, b: [2, 3], c: any, d: {above: 0.5, masks: '{image}'}}"
    found = loads(SMALL.replace("{organ: 1}", tasks)).study.datasets[0].tasks
    assert [found[name].label for name in "abcd"] == [1, (2, 3), "any", None]
    assert (found["d"].above, found["d"].masks) == (0.5, "{image}")


def test_intensity_rules_are_named_as_the_rows_carry_them():
    """`window(40,400)/slice` and the like."""
    rules = {
        "{scale: minmax, per: volume}": "minmax/volume",
        "{percentiles: [0.5, 99.5]}": "percentiles(0.5,99.5)/slice",
        "{window: [40, 400]}": "window(40,400)/slice",
    }
    for rule, label in rules.items():
        text = SMALL.replace("tasks:", f"intensity: {rule}\n    tasks:")
        assert loads(text).study.datasets[0].intensity.label == label


@pytest.mark.parametrize("path", sorted((ROOT / "specs").glob("*.yaml")), ids=lambda path: path.name)
def test_the_specs_of_the_project_are_valid(path):
    """With the variables that they ask for."""
    assert load(path, ENVIRONMENT).study.study


@pytest.mark.parametrize("path", sorted((ROOT / "specs").glob("*.yaml")), ids=lambda path: path.name)
def test_the_specs_of_the_project_name_their_schema(path):
    """So that an editor completes and checks them."""
    assert path.read_text().startswith("# yaml-language-server: $schema=schema.json\n")


def test_the_committed_schema_is_the_schema():
    """`make schema` writes it."""
    assert json.loads((ROOT / "specs/schema.json").read_text()) == json_schema()


def test_variables_come_from_the_environment():
    """`${DATA}` inside a value."""
    text = SMALL.replace("a/*.png", "${DATA}/a/*.png")
    spec = loads(text, environment=ENVIRONMENT)
    assert spec.study.datasets[0].images == "/data/a/*.png"
    assert spec.source.raw["datasets"][0]["images"] == "${DATA}/a/*.png"


def test_an_unset_variable_is_named_with_its_place():
    """Line and column of the value that asks for it."""
    fault = only_fault(SMALL.replace("a/*.png", "${NOPE}/a/*.png"))
    assert fault == "s.yaml:5:5: datasets[0].images: the environment variable NOPE is not set; export NOPE=…"


def test_an_unknown_key_names_the_nearest_valid_one():
    """A misspelling is mended at a glance."""
    found = faults(SMALL.replace("modality", "modalty"))
    assert "s.yaml:4:5: datasets[0].modalty: unknown key 'modalty'; did you mean 'modality'?" in found


def test_a_wrong_word_names_the_nearest_valid_one():
    """The same for values."""
    fault = only_fault(SMALL.replace("whole_box", "whole_bx"))
    assert fault.startswith("s.yaml:12:13: prompts[0].modes[0]: expected largest_point or")
    assert fault.endswith("(got whole_bx); did you mean 'whole_box'?")


def test_all_faults_are_reported_at_once_in_the_order_of_the_file():
    """Not the first one alone."""
    text = SMALL.replace("study: small", "study: small\nseed: many").replace("organ: 1", "organ: yes")
    text = text.replace("lite_medsam", "lite_sam").replace("[whole_box]", "[whole_box]\n    models: [light]")
    fields = [fault.split(": ")[1] for fault in faults(text)]
    assert fields == ["seed", "datasets[0].tasks.organ", "models[0].family", "prompts[0].models[0]"]


def test_a_value_that_fits_no_form_is_one_fault():
    """A task is a number, a list or `any`, and the fault says so."""
    fault = only_fault(SMALL.replace("organ: 1", "organ: liver"))
    assert fault == ("s.yaml:7:13: datasets[0].tasks.organ: expected a valid integer or a list or any (got liver)")


def test_names_are_taken_once():
    """Two data sets or models of one name could not be told apart in the rows."""
    text = SMALL.replace("prompts:", "  - name: lite\n    family: lite_medsam\nprompts:")
    assert "models[1].name: this name is taken by models[0] (got lite)" in only_fault(text)


def test_a_key_stands_once():
    """YAML would silently keep the last."""
    assert "the key 'study' stands here more than once" in only_fault(SMALL + "study: again\n")


def test_a_block_and_a_comparison_name_models_that_exist():
    """With the nearest name."""
    text = SMALL + "    models: [lit]\nstatistics: {compare: {model: lite, baseline: ritm}}\n"
    found = faults(text)
    assert any("prompts[0].models[0]: no model of this name (got lit); did you mean 'lite'?" in one for one in found)
    assert any("statistics.compare.baseline: no model of this name (got ritm)" in one for one in found)


def test_templates_name_fields_that_exist():
    """Fields are those of the file's name, and those named in `images`."""
    assert "unknown field {stm} (got m/{stm}.png); did you mean 'stem'?" in only_fault(SMALL.replace("{stem}", "{stm}"))
    assert loads(SMALL.replace("a/*.png", "a/{case}.png").replace("{stem}", "{case}")).study


GENERATED = SMALL.replace("    images: a/*.png\n    masks: m/{stem}.png\n", "    generated: {patients: 3}\n")


def test_generated_images_have_defaults():
    """One slice of each patient, seed 0."""
    found = loads(GENERATED).study.datasets[0].generated
    assert (found.patients, found.slices, found.seed) == (3, 1, 0)


def test_a_data_set_has_one_origin():
    """Files or generated images: not both, and not neither."""
    both = GENERATED.replace("    generated", "    images: a/*.png\n    generated")
    neither = GENERATED.replace("    generated: {patients: 3}\n", "    masks: m/{stem}.png\n")
    for text in (both, neither):
        assert only_fault(text).startswith("s.yaml:3:5: datasets[0]: expected exactly one of images, generated")


@pytest.mark.parametrize("key", ["masks: m", "patient: p", "labels: binary255", "slices: {keep: all}"])
def test_generated_images_take_no_key_about_files(key):
    """Nobody should think that it did something."""
    name = key.partition(":")[0]
    assert f"datasets[0].{name}: `{name}` is about files" in only_fault(
        GENERATED.replace("    tasks:", f"    {key}\n    tasks:")
    )
    task = GENERATED.replace("organ: 1", "organ: {label: 1, masks: m}")
    assert "datasets[0].tasks.organ.masks: `masks` is about files" in only_fault(task)


@pytest.mark.parametrize("value", ["{patients: 0}", "{slices: 0}", "{seed: -1}", "{patient: 3}"])
def test_generated_images_are_checked(value):
    """Numbers in range, no other keys."""
    assert "datasets[0].generated." in only_fault(GENERATED.replace("{patients: 3}", value))


def test_a_task_needs_a_mask_from_somewhere():
    """From its data set or of its own."""
    assert "no mask: expected `masks`" in only_fault(SMALL.replace("    masks: m/{stem}.png\n", ""))


def test_a_target_is_at_least_the_highest_noc():
    """Else the number of clicks could not be computed."""
    clicks = "clicks: {protocol: ritm, target_iou: 0.8}"
    assert "expected at least 0.95, the highest of statistics.noc (got 0.8)" in only_fault(
        SMALL.replace("modes: [whole_box]", clicks)
    )


def test_credentials_do_not_belong_in_an_address():
    """They would end in plans and manifests."""
    fault = only_fault(SMALL.replace("a/*.png", "https://user:secret@host/a.png"))
    assert "credentials belong in the environment" in fault
    assert "secret" not in fault


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("{scale: max, window: [1, 2]}", "exactly one of scale, percentiles, window"),
        ("{per: slice}", "exactly one of scale, percentiles, window"),
        ("{percentiles: [60, 40]}", "0 <= lower < upper <= 100"),
        ("{window: [40, 0]}", "a width above 0"),
    ],
)
def test_an_intensity_is_one_rule_that_makes_sense(rule, expected):
    """Two rules, none, or an empty range are refused."""
    assert expected in only_fault(SMALL.replace("tasks:", f"intensity: {rule}\n    tasks:"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "the spec is empty"),
        ("# nothing but a comment\n", "the spec is empty"),
        ("just words", "expected a mapping"),
        ("study: [", "not valid YAML"),
        ("study: *nowhere", "undefined alias"),
        ("&a [*a]", "nested too deeply"),
        ("study: " + "[" * 3000, "nested too deeply"),
        ("study: \x00", "not readable as YAML"),
        ("study: !!python/object/apply:os.system ['true']", "has no place in a spec"),
        ("? [a]\n: b", "a key must be a plain word"),
        ("a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(f"{x}: &{x} [*{y},*{y},*{y},*{y},*{y},*{y},*{y},*{y},*{y}]\n"
         for x, y in zip("bcdefgh", "abcdefg", strict=True)), "more than 100000 values"),
    ],
    ids=["empty", "comment", "words", "open", "alias", "cycle", "deep", "nul", "python", "complex key", "bomb"],
)  # fmt: skip
def test_what_is_not_a_spec_is_refused_in_a_line(text, expected):
    """Nothing in a spec runs code, loops or fills the memory."""
    assert expected in only_fault(text)


def test_a_spec_that_cannot_be_read_is_named(tmp_path):
    """A missing file, a folder, bytes that are no text."""
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    for path, reason in (("none.yaml", "No such file"), ("", "Is a directory"), ("binary.yaml", "not UTF-8 text")):
        with pytest.raises(SpecError, match=reason):
            load(tmp_path / path)
