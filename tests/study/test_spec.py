"""A spec is typed and frozen; every fault of it is named at once, with its place, and the way out."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from job.errors import SpecError
from job.study import json_schema, load, loads
from job.study.dataset import Intensity

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


def test_an_intensity_is_named_in_as_many_digits_as_it_takes():
    """Six where they do, so that usual names stay; more where two rules would else have one name."""
    rules = {
        (40, 400): "window(40,400)/slice",
        (-0.5, 1e-5): "window(-0.5,1e-05)/slice",
        (1e6, 1e22): "window(1e+06,1e+22)/slice",
        (1234567, 400): "window(1234567,400)/slice",
        (1234568, 0.1234567): "window(1234568,0.1234567)/slice",
    }
    assert {pair: Intensity(window=pair).label for pair in rules} == rules


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


def test_a_published_column_is_one_that_there_is():
    """With the nearest name; beside another there would be nothing."""
    text = SMALL.replace("family: lite_medsam", "family: lite_medsam\n    published: sam_vit_g")
    fault = only_fault(text)
    assert fault.startswith("s.yaml:11:5: models[0].published: expected sam_vit_h or ")
    assert fault.endswith("(got sam_vit_g); did you mean 'sam_vit_h'?")


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
         for x, y in zip("bcdefgh", "abcdefg", strict=True)), "more than 50000 values"),
    ],
    ids=["empty", "comment", "words", "open", "alias", "cycle", "deep", "nul", "python", "complex key", "bomb"],
)  # fmt: skip
def test_what_is_not_a_spec_is_refused_in_a_line(text, expected):
    """Nothing in a spec runs code, loops or fills the memory."""
    assert expected in only_fault(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("!!int ''", "'' is no int"),
        ("!!float '+'", "'+' is no float"),
        ("!!bool maybe", "'maybe' is no bool"),
        ("!!binary YQ==", "the tag 'tag:yaml.org,2002:binary' has no place in a spec"),
        ("0x" + "f" * 17, "a whole number of more than 64 bits"),
        ("9" * 5000, "a number this long"),
        ("1:" * 300 + "1", "a number this long"),
        ("[" * 41 + "]" * 41, "nested too deeply"),
    ],
)
def test_what_yaml_cannot_read_as_it_claims_has_its_place(value, expected):
    """PyYAML and JSON would throw errors of all kinds."""
    fault = only_fault(f"study: small\nseed: {value}\n")
    assert fault.startswith("s.yaml:2:")
    assert expected in fault


def test_merged_mappings_are_bounded_too():
    """Each `<<` takes nine copies of the line before it."""
    lines = [
        f"{x}: &{x} {{<<: [{', '.join([f'*{y}'] * 9)}]}}\n" for x, y in zip("bcdefghijk", "abcdefghij", strict=True)
    ]
    assert "more than 50000 values" in only_fault("a: &a {x: 1}\n" + "".join(lines))


def test_merged_keys_give_way_to_own_ones():
    """And of several mappings the first goes before."""
    text = SMALL.replace("  - name: A\n", "  - <<: [{name: B}, {name: C, labels: binary255}]\n    name: A\n")
    (dataset,) = loads(text).study.datasets
    assert (dataset.name, dataset.labels) == ("A", "binary255")
    text = SMALL.replace("    name: A\n", "").replace("  - name: A\n", "  - <<: [{name: B}, {name: C}]\n")
    assert loads(text).study.datasets[0].name == "B"


@pytest.mark.parametrize("character", ["\\0", "\\n", "\\e", "\\x7f", "\\x9b", "\\u2028", "\\u202e", "\\ud800"])
def test_control_characters_are_refused(character):
    """They could break a line of a log, drive a terminal, turn text around, or be no Unicode."""
    expected = "text without line breaks and control characters"
    assert expected in only_fault(SMALL.replace("modality: CT", f'modality: "a{character}b"'))
    assert any(expected in fault for fault in faults(SMALL.replace("modality: CT", f'"mod{character}ality": CT')))
    assert expected in only_fault(SMALL.replace("modality: CT", "modality: ${KIND}"), {"KIND": "CT\n"})


def test_a_fault_is_one_line_whatever_it_is_about():
    """Of a size that can be read."""
    (fault,) = [fault for fault in faults(SMALL + f'? "{"x" * 500}"\n: 1\n') if "unknown key" in fault]
    assert len(fault) < 400
    fault = only_fault(SMALL.replace("whole_box", "'whole\ud7fcbox'"))
    assert fault.isprintable()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("study: small", "study: small\nseed: ${TOKEN}", "expected a valid integer (got ${TOKEN})"),
        ("lite_medsam", "${TOKEN}", "(got ${TOKEN})"),
        ("m/{stem}.png", "m/${TOKEN}/{stm}", "unknown field {stm} (got m/${TOKEN}/{stm})"),
        ("m/{stem}.png", "m/{${TOKEN}}", "a variable makes a field unknown (got m/{${TOKEN}}); one of: stem, name"),
        ("a/*.png\n    masks: m/{stem}", "a/{${TOKEN}}/*.png\n    masks: m/{stm}", "unknown field {stm}"),
        ("[whole_box]", "[whole_box]\n    models: ['${TOKEN}']", "no model of this name (got ${TOKEN})"),
        ("tasks:", "intensity: {window: ['${TOKEN}']}\n    tasks:", "(got ${TOKEN})"),
    ],
)
def test_what_a_variable_holds_is_not_in_a_fault(old, new, expected):
    """It may be a secret in the wrong place."""
    found = "\n".join(faults(SMALL.replace(old, new), {"TOKEN": "hush"}))
    assert expected in found
    assert "hush" not in found


def test_a_name_that_is_suggested_stands_as_it_is_written():
    """Here the variable is where it belongs, and the fault elsewhere."""
    text = SMALL.replace("name: lite\n", "name: ${TOKEN}\n").replace("[whole_box]", "[whole_box]\n    models: [sam]")
    assert "one of: ${TOKEN}" in only_fault(text, {"TOKEN": "hush"})


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://host/a.png?token=hush", "an address without a query: credentials belong in the environment"),
        ("https://user:hu/sh@host/a.png", "an address that can be read as one"),
        ("simplecache::s3://bucket/a.png", "one address, not a chain of them"),
        ("http://[host/a.png", "an address that can be read as one"),
    ],
)
def test_an_address_is_one_place_without_secrets(address, expected):
    """For images as for all others."""
    fault = only_fault(SMALL.replace("a/*.png", address))
    assert expected in fault
    assert "sh@" not in fault
    assert "hush" not in fault


def test_question_marks_are_wildcards_elsewhere():
    """A query is known by its `=`, behind http."""
    for address in ("https://host/a?.png", "s3://bucket/site=?/a.png", "a?/b=?.png"):
        assert loads(SMALL.replace("a/*.png", address)).study.datasets[0].images == address


def test_results_do_not_go_into_a_package():
    """Its files are for reading."""
    assert "output: expected an address that can be written" in only_fault(SMALL + "output: package://nilearn/x\n")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("tasks:", "intensity: {window: [400]}\n    tasks:", "window: expected more values in this list"),
        ("tasks:", "intensity: {window: [1, 2, 3]}\n    tasks:", "window: expected at most 2 items, not 3"),
        ("[whole_box]", "[whole_box]\n    models: 5", "models: expected a list (got 5)"),
        ("tasks:", "slices: {indices: [2147483648]}\n    tasks:", "expected less than 2147483648"),
        ("prompts:", "execution: {cache_gb: 1.0e+300}\nprompts:", "expected less than or equal to 1000000"),
    ],
)
def test_values_of_another_form_have_their_fault(old, new, expected):
    """Found by mutation: each once was a traceback."""
    assert expected in only_fault(SMALL.replace(old, new))


def test_a_character_that_yaml_does_not_know_has_its_place():
    """Line and column."""
    assert only_fault("study: small\nseed: \x00") == "s.yaml:2:7: not readable as YAML: the character U+0000"
