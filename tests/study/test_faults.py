"""Every fault of a spec is reported at once, with its place, what was expected, and the nearest valid name."""

import pytest

from job.study import loads
from tests.study.small import GENERATED, SMALL, faults, only_fault


def test_the_fault_of_an_unknown_key_names_the_nearest_valid_key():
    """Here a missing letter."""
    fault = "s.yaml:4:5: datasets[0].modalty: unknown key 'modalty'; did you mean 'modality'?"
    assert fault in faults(SMALL.replace("modality", "modalty"))


def test_the_fault_of_an_unknown_word_names_the_nearest_valid_word():
    """The valid words are listed, and the nearest is suggested."""
    fault = only_fault(SMALL.replace("whole_box", "whole_bx"))
    assert fault.startswith("s.yaml:12:13: prompts[0].modes[0]: expected largest_point or each_point or")
    assert fault.endswith("(got whole_bx); did you mean 'whole_box'?")


def test_valid_words_are_listed_once():
    """If none is near, there is no hint beside the list."""
    text = SMALL + "execution: {precision: half}\n"
    assert only_fault(text).endswith("precision: expected auto or fp32 or bf16 or fp16 (got half)")


def test_all_faults_are_reported_at_once_in_the_order_of_the_file():
    """Not only the first one."""
    text = SMALL.replace("study: small", "study: small\nseed: many").replace("organ: 1", "organ: yes")
    text = text.replace("lite_medsam", "lite_sam").replace("[whole_box]", "[whole_box]\n    models: [light]")
    fields = [fault.split(": ")[1] for fault in faults(text)]
    assert fields == ["seed", "datasets[0].tasks.organ", "models[0].family", "prompts[0].models[0]"]


def test_a_value_that_fits_no_form_has_one_fault():
    """A task is an integer, a name or a list, and the fault lists all three."""
    fault = only_fault(SMALL.replace("organ: 1", "organ: 1.5"))
    assert fault == "s.yaml:7:13: datasets[0].tasks.organ: expected an integer or a string or a list (got 1.5)"


def test_an_escape_that_is_no_character_is_a_fault():
    """Beyond Unicode, and beyond the numbers of C."""
    for escape in ("\\U00110000", "\\U92233720"):
        assert "not readable as YAML" in only_fault(SMALL.replace("organ: 1", f'"{escape}": 1'))


def test_a_fault_inside_a_model_has_its_own_place():
    """Also in a model of the family `ritm` with a key `ritm`."""
    ritm = "family: ritm\n    arch: hrnet\n    checkpoint: 1\n    ritm: {zoom_in: 1}"
    assert faults(SMALL.replace("family: lite_medsam", ritm)) == [
        "s.yaml:11:5: models[0].arch: expected hrnet18s or hrnet18 or hrnet32 (got hrnet); did you mean 'hrnet32'?",
        "s.yaml:12:5: models[0].checkpoint: expected a string (got 1)",
        "s.yaml:13:12: models[0].ritm.zoom_in: expected true or false (got 1)",
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("tasks:", "intensity: {window: [400]}\n    tasks:", "window: expected more values in this list"),
        ("tasks:", "intensity: {window: [1, 2, 3]}\n    tasks:", "window: expected at most 2 items, not 3"),
        ("{organ: 1}", "{}", "tasks: expected at least 1 item, not 0"),
        ("[whole_box]", "[whole_box]\n    models: 5", "models: expected a list (got 5)"),
        ("tasks:", "slices: {indices: [2147483648]}\n    tasks:", "expected less than 2147483648"),
        ("prompts:", "execution: {cache_gb: 1.0e+300}\nprompts:", "expected at most 1000000"),
        ("prompts:", "execution: {chunk: 0}\nprompts:", "execution.chunk: expected at least 1 (got 0)"),
        ("organ: 1", "organ: {label: 1, tolerance_mm: 0}", "tolerance_mm: expected greater than 0 (got 0)"),
        ("prompts:", "statistics: {metrics: [nsd, nsd]}\nprompts:", "metrics: expected each value once"),
        ("prompts:", "statistics: {metrics: [nds]}\nprompts:", "(got nds); did you mean 'nsd'?"),
        ("prompts:", "execution: {device: gpu}\nprompts:", "device: expected auto, cpu, cuda or cuda:N (got gpu)"),
        ("modality: CT", "modality:", "datasets[0].modality: expected a string (got null)"),
        ("name: A", "name: ''", "datasets[0].name: expected at least 1 character (got '')"),
        ("name: A", "name: a/b", "datasets[0].name: expected a name without slash (got a/b)"),
        ("small", "../small", "study: expected up to 100 letters, digits, dots, hyphens and underscores"),
    ],
)
def test_a_fault_names_the_expected_form_in_the_words_of_yaml(old, new, expected):
    """Not in those of Python or of regular expressions."""
    assert expected in only_fault(SMALL.replace(old, new))


def test_the_name_of_a_model_is_unique():
    """The rows could not tell two models of one name apart."""
    text = SMALL.replace("prompts:", "  - name: lite\n    family: lite_medsam\nprompts:")
    assert "models[1].name: this name is taken by models[0] (got lite)" in only_fault(text)


def test_the_name_of_a_data_set_is_unique():
    """For the same reason."""
    dataset = SMALL.partition("datasets:\n")[2].partition("models:")[0]
    text = SMALL.replace("models:", f"{dataset}models:")
    assert "datasets[1].name: this name is taken by datasets[0] (got A)" in only_fault(text)


def test_a_block_and_a_comparison_name_existing_models():
    """The fault suggests the nearest name."""
    text = SMALL + "    models: [lit]\nstatistics: {compare: {model: lite, baseline: ritm}}\n"
    assert [fault.partition(": ")[2] for fault in faults(text)] == [
        "prompts[0].models[0]: no model of this name (got lit); did you mean 'lite'?",
        "statistics.compare.baseline: no model of this name (got ritm); one of: lite",
    ]


def test_a_published_column_exists():
    """The fault suggests the nearest one."""
    text = SMALL.replace("family: lite_medsam", "family: lite_medsam\n    published: sam_vit_g")
    fault = only_fault(text)
    assert fault.startswith("s.yaml:11:5: models[0].published: expected sam_vit_h or ")
    assert fault.endswith("(got sam_vit_g); did you mean 'sam_vit_h'?")


def test_a_template_names_existing_fields():
    """Those of the image's file name, and those named in `images`."""
    assert "unknown field {stm} (got m/{stm}.png); did you mean 'stem'?" in only_fault(SMALL.replace("{stem}", "{stm}"))


def test_the_path_of_the_image_is_such_a_field():
    """And is suggested."""
    assert "(got m/{imge}); did you mean 'image'?" in only_fault(SMALL.replace("m/{stem}.png", "m/{imge}"))


WITH_WINDOW = (
    SMALL.replace("{organ: 1}", "{{organ: 1}}")
    .replace("{stem}", "{{stem}}")
    .replace("    tasks:", "    intensity: {{window: [{}, 400]}}\n    tasks:")
)


@pytest.mark.parametrize("level", [-(2**63), -1000])
def test_an_integer_of_64_bits_is_read(level):
    """With its sign."""
    assert loads(WITH_WINDOW.format(level)).study.datasets[0].intensity.window == (level, 400)


@pytest.mark.parametrize("level", [-(2**63) - 1, 2**63])
def test_an_integer_of_more_bits_is_a_fault(level):
    """No column of a table holds it."""
    assert "expected an integer of at most 64 bits" in only_fault(WITH_WINDOW.format(level))


def test_each_template_of_a_list_is_checked():
    """The fault has the place of the template; so it has for a task's own."""
    listed = SMALL.replace("m/{stem}.png", "['m/{stem}.png', 'n/{stm}.png']")
    assert only_fault(listed).startswith("s.yaml:6:29: datasets[0].masks[1]: unknown field {stm}")
    own = SMALL.replace("organ: 1", "organ: {label: 1, masks: ['n/{stm}.png']}")
    assert "datasets[0].tasks.organ.masks[0]: unknown field {stm}" in only_fault(own)


TABLE = "    table: {file: t.csv, image: path, where: {split: [test, 1]}}\n    tasks"


def test_templates_may_name_columns_of_a_table():
    """They are known when the table is read; types of fields are known now."""
    text = SMALL.replace("    tasks", TABLE).replace("{stem}", "{column}")
    assert loads(text, "s.yaml").study.datasets[0].masks == "m/{column}.png"
    assert "expected fields such as {name} or {name:int}" in only_fault(text.replace("{column}", "{column:word}"))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("file: t.csv, ", "", "datasets[0].table: the key 'file' is missing"),
        ("t.csv", "'a::b.csv'", "datasets[0].table.file: expected one address"),
        ("t.csv", "'https://user:word@host/t.csv'", "datasets[0].table.file: expected an address without user"),
        ("where: {", "where: {}, x: {", "datasets[0].table.x: unknown key 'x'"),
        ("[test, 1]", "[]", "datasets[0].table.where.split: expected"),
    ],
)
def test_a_table_has_a_file_and_a_column_of_images(old, new, expected):
    """Its file is an address as any other."""
    assert any(expected in fault for fault in faults(SMALL.replace("    tasks", TABLE).replace(old, new)))


def test_generated_images_have_no_table():
    """Nor any other key of files."""
    assert "`table` applies to files" in only_fault(GENERATED.replace("    tasks", TABLE))


def test_addresses_in_lists_are_checked():
    """As everywhere: a chain of stores is none."""
    for text in (
        SMALL.replace("m/{stem}.png", "['a::b/{stem}.png']"),
        SMALL.replace("    tasks", "    only: {list: 'a::b.txt'}\n    tasks"),
        SMALL.replace("    tasks", "    except: {list: 's3://user:word@bucket/a.txt'}\n    tasks"),
    ):
        assert "expected one address" in only_fault(text) or "without user and password" in only_fault(text)


@pytest.mark.parametrize("place", ["a/*.png", "m/{stem}.png"])
def test_a_field_is_a_text_or_a_whole_number(place):
    """Other types are refused, rather than taken for names of files."""
    fault = only_fault(SMALL.replace(place, "a/{n:float}.png"))
    assert "expected fields such as {name} or {name:int} (got a/{n:float}.png)" in fault


def test_a_selection_names_existing_fields():
    """Those of `images`, those that every image has, and `list`."""
    for key in ("only", "except"):
        text = SMALL.replace("a/*.png", "'a/{case}.png'").replace("    tasks", f"    {key}: {{cas: 1-3}}\n    tasks")
        fault = only_fault(text)
        assert f"datasets[0].{key}.cas: no field 'cas' in `images`; did you mean 'case'?" in fault


@pytest.mark.parametrize("value", ["{list: 3}", "{list: [a.txt]}", "{}", "[]", "3", "{n: 1.5}", "{n: []}"])
def test_a_selection_has_one_of_three_forms(value):
    """A pattern or a list of them, values of fields, or a list file."""
    text = SMALL.replace("a/*.png", "'a/{n}.png'").replace("    tasks", f"    only: {value}\n    tasks")
    assert all(fault.startswith("s.yaml:7:") and "datasets[0].only" in fault for fault in faults(text))


def test_the_key_except_is_suggested():
    """It is a word of Python, but a key of the spec."""
    assert "did you mean 'except'?" in only_fault(SMALL.replace("    tasks", "    excpt: a\n    tasks"))


@pytest.mark.parametrize("value", ["any", "{at_least: 0}", "{at_most: 1}", "2"])
def test_a_join_is_a_rule(value):
    """`union`, `majority`, `single` or `at_least: n`."""
    text = SMALL.replace("    tasks", f"    join: {value}\n    tasks")
    assert all("datasets[0].join" in fault for fault in faults(text))


def test_a_field_of_images_has_no_reserved_name():
    """`{stem}` is the stem of the image's file name already."""
    fault = only_fault(SMALL.replace("a/*.png", "a/{stem}.png"))
    assert "datasets[0].images: the field name 'stem' is reserved; choose another" in fault


def test_a_data_set_has_one_origin():
    """Either files or generated images."""
    both = GENERATED.replace("    generated", "    images: a/*.png\n    generated")
    neither = GENERATED.replace("    generated: {patients: 3}\n", "    masks: m/{stem}.png\n")
    for text in (both, neither):
        assert only_fault(text).startswith("s.yaml:3:5: datasets[0]: expected exactly one of images, generated")


@pytest.mark.parametrize(
    "key",
    ["masks: m", "patient: p", "labels: binary255", "slices: {keep: all}", "join: union", "unlabelled: skip", "only: a",
     "except: a"],
)  # fmt: skip
def test_generated_images_take_no_key_about_files(key):
    """The key would have no effect."""
    name = key.partition(":")[0]
    assert f"datasets[0].{name}: `{name}` applies to files" in only_fault(
        GENERATED.replace("    tasks:", f"    {key}\n    tasks:")
    )
    task = GENERATED.replace("organ: 1", "organ: {label: 1, masks: m}")
    assert "datasets[0].tasks.organ.masks: `masks` applies to files" in only_fault(task)


@pytest.mark.parametrize("value", ["{patients: 0}", "{slices: 0}", "{seed: -1}", "{patient: 3}"])
def test_generated_images_are_checked(value):
    """Numbers must be in range, and keys must be known."""
    assert "datasets[0].generated." in only_fault(GENERATED.replace("{patients: 3}", value))


def test_a_task_has_a_mask():
    """Its data set's or its own."""
    assert "no mask: expected `masks`" in only_fault(SMALL.replace("    masks: m/{stem}.png\n", ""))


def test_a_target_is_at_least_the_highest_noc():
    """Below it, the number of clicks could not be computed."""
    clicks = "clicks: {protocol: ritm, target_iou: 0.8}"
    fault = only_fault(SMALL.replace("modes: [whole_box]", clicks))
    assert "expected at least 0.95, the highest of statistics.noc (got 0.8)" in fault


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("{scale: max, window: [1, 2]}", "exactly one of scale, percentiles, window"),
        ("{per: slice}", "exactly one of scale, percentiles, window"),
        ("{percentiles: [60, 40]}", "0 <= lower < upper <= 100"),
        ("{window: [40, 0]}", "a width above 0"),
    ],
)
def test_an_intensity_is_one_rule_with_a_range(rule, expected):
    """Two rules, none, and an empty range are refused."""
    assert expected in only_fault(SMALL.replace("tasks:", f"intensity: {rule}\n    tasks:"))


def test_results_do_not_go_into_a_package():
    """Its files are read-only."""
    assert "output: expected an address that can be written" in only_fault(SMALL + "output: package://nilearn/x\n")
