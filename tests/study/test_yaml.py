"""Text that is not a spec is refused in one line with a place; nothing in it runs code, loops or fills the memory."""

import pytest

from tests.study.small import SMALL, faults, only_fault


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
        ("study: !!python/object/apply:os.system ['true']", "is not allowed in a spec"),
        ("? [a]\n: b", "expected a plain word as key"),
        ("a: {<<: 5}", "expected a mapping, or a list of mappings, after `<<`"),
        ("a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(f"{x}: &{x} [*{y},*{y},*{y},*{y},*{y},*{y},*{y},*{y},*{y}]\n"
         for x, y in zip("bcdefgh", "abcdefg", strict=True)), "more than 50000 values"),
    ],
    ids=["empty", "comment", "words", "open", "alias", "cycle", "deep", "nul", "python", "key", "merge", "bomb"],
)  # fmt: skip
def test_text_that_is_not_a_spec_has_one_fault(text, expected):
    """Whatever it is."""
    assert expected in only_fault(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("!!int ''", "'' is not a valid int"),
        ("!!float '+'", "'+' is not a valid float"),
        ("!!bool maybe", "'maybe' is not a valid bool"),
        ("!!binary YQ==", "the tag 'tag:yaml.org,2002:binary' is not allowed in a spec"),
        ("0x" + "f" * 17, "expected an integer of at most 64 bits"),
        ("9" * 5000, "expected a number of at most 400 digits"),
        ("1:" * 300 + "1", "expected a number of at most 400 digits"),
        ("[" * 41 + "]" * 41, "nested too deeply"),
    ],
)
def test_a_value_that_its_tag_does_not_fit_has_its_place(value, expected):
    """PyYAML and JSON would raise errors of many kinds."""
    fault = only_fault(f"study: small\nseed: {value}\n")
    assert fault.startswith("s.yaml:2:")
    assert expected in fault


def test_merged_mappings_are_bounded_too():
    """Each `<<` takes nine copies of the line before it."""
    lines = [
        f"{x}: &{x} {{<<: [{', '.join([f'*{y}'] * 9)}]}}\n" for x, y in zip("bcdefghijk", "abcdefghij", strict=True)
    ]
    assert "more than 50000 values" in only_fault("a: &a {x: 1}\n" + "".join(lines))


def test_a_key_occurs_once():
    """YAML would silently keep the last one."""
    assert "the key 'study' occurs more than once" in only_fault(SMALL + "study: again\n")


@pytest.mark.parametrize("character", ["\\0", "\\n", "\\e", "\\x7f", "\\x9b", "\\u2028", "\\u202e", "\\ud800"])
def test_control_characters_are_refused(character):
    """They could break a line of a log, control a terminal, change the direction of text, or be no valid Unicode."""
    expected = "text without line breaks and control characters"
    assert expected in only_fault(SMALL.replace("modality: CT", f'modality: "a{character}b"'))
    assert any(expected in fault for fault in faults(SMALL.replace("modality: CT", f'"mod{character}ality": CT')))
    assert expected in only_fault(SMALL.replace("modality: CT", "modality: ${STUDY_KIND}"), {"STUDY_KIND": "CT\n"})


def test_a_fault_is_one_short_line():
    """Also if the value is long or cannot be printed."""
    (fault,) = [fault for fault in faults(SMALL + f'? "{"x" * 500}"\n: 1\n') if "unknown key" in fault]
    assert len(fault) < 400
    fault = only_fault(SMALL.replace("whole_box", "'whole\ud7fcbox'"))
    assert fault.isprintable()


def test_a_character_that_yaml_forbids_has_its_place():
    """Line and column."""
    assert only_fault("study: small\nseed: \x00") == "s.yaml:2:7: not readable as YAML: the character U+0000"
