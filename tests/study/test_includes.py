"""`!include FILE` as an item of `datasets`: the data sets of the file stand in its place, with places of their own."""

import os

import pytest
import yaml

from job import storage
from job.cli.opening import read_spec
from job.errors import SpecError, UnsetVariablesError
from job.study import load, loads
from tests.study.small import ENVIRONMENT, SMALL

DATA_SET = """\
# a comment
name: {name}
modality: CT
images: ${{DATA}}/{name}/*.png
masks: m/{{stem}}.png
tasks: {{organ: 1}}
"""
ITEM = SMALL[SMALL.index("  - name: A") : SMALL.index("models:")]


def spec(*items):
    """Return a spec with these items of `datasets`."""
    return SMALL.replace(ITEM, "".join(f"  - {item}\n" for item in items))


def fault(folder, text):
    """Return the only fault of a spec in a folder, without the folder."""
    (folder / "s.yaml").write_text(text)
    with pytest.raises(SpecError) as error:
        load(folder / "s.yaml", ENVIRONMENT)
    (only,) = error.value.faults
    return str(only).replace(f"{folder}/", "")


@pytest.fixture
def folder(tmp_path):
    """A folder with the data sets B and C in files of their own, and a list of both in a folder inside."""
    for name in "BC":
        (tmp_path / f"{name}.yaml").write_text(DATA_SET.format(name=name))
    (tmp_path / "in").mkdir()
    (tmp_path / "in/both.yaml").write_text("- !include ../B.yaml\n- !include ../C.yaml\n")
    return tmp_path


def test_an_included_data_set_is_as_if_written_in_the_spec(folder):
    """Read relative to the spec, not to the working directory; variables are expanded."""
    (folder / "s.yaml").write_text(SMALL.replace(ITEM, f"{ITEM}  - !include B.yaml\n"))
    study = load(folder / "s.yaml", ENVIRONMENT).study
    written = ITEM.replace("A", "B").replace("a/*", "${DATA}/B/*")
    assert study == loads(SMALL.replace(ITEM, ITEM + written), environment=ENVIRONMENT).study
    assert [data.name for data in study.datasets] == ["A", "B"]


def test_a_file_may_hold_a_list_which_includes_others(folder):
    """Each relative to the file that names it, in the order in which they stand."""
    (folder / "s.yaml").write_text(spec("!include in/both.yaml"))
    assert [data.name for data in load(folder / "s.yaml", ENVIRONMENT).study.datasets] == ["B", "C"]


def test_an_absolute_path_and_variables_name_a_file_too(folder):
    """Such as data sets that a laboratory keeps in one place."""
    text = spec("!include ${DATA}/B.yaml", f"!include {folder}/C.yaml")
    study = loads(text, "elsewhere/s.yaml", ENVIRONMENT | {"DATA": str(folder)}).study
    assert [data.name for data in study.datasets] == ["B", "C"]


def test_the_stored_spec_is_complete(folder):
    """It holds the data sets in place of `!include`, with variables as written, and is itself a spec of this study."""
    (folder / "s.yaml").write_text(spec("!include in/both.yaml"))
    loaded = load(folder / "s.yaml", ENVIRONMENT)
    assert loaded.source.raw["datasets"][1]["images"] == "${DATA}/C/*.png"
    assert loads(yaml.safe_dump(loaded.source.raw), environment=ENVIRONMENT).study == loaded.study


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("CT", "[CT]", "B.yaml:3:1: datasets[0].modality: expected a string"),
        ("tasks", "unlabeled: skip\ntasks", "B.yaml:6:1: datasets[0].unlabeled: unknown key 'unlabeled'; did you mean"),
        ("{stem}", "{stm}", "B.yaml:5:1: datasets[0].masks: unknown field {stm} (got m/{stm}.png)"),
        ("m/{stem}", "https://u:p@h/{stem}", "B.yaml:5:1: datasets[0].masks: expected an address without user"),
        ("${DATA}", "${HOME}", "B.yaml:4:1: datasets[0].images: a spec may not read the variable HOME"),
        ("images", "name: X\nimages", "B.yaml:2:1: datasets[0]: the key 'name' occurs more than once"),
        ("{organ: 1}", "{organ: 1", "B.yaml:7:1: not valid YAML: "),
        ("{organ: 1}", "!!python/name:os.system ''", "B.yaml:6:8: not valid YAML: the tag 'tag:yaml.org,2002:python"),
        ("name: B", "!include C.yaml", "not valid YAML"),
        ("CT", "\0", "B.yaml:3:11: not readable as YAML: the character U+0000"),
        ("CT", "\xff", "B.yaml:3:11: not readable as YAML: not UTF-8 text"),
        (None, "", "B.yaml:1:1: expected a data set, or a list of them"),
        (None, "secret words", "B.yaml:1:1: expected a data set, or a list of them"),
        (None, "#" * (1 << 18) + "#", "B.yaml:1:1: larger than 262144 bytes; expected a data set"),
    ],
)  # fmt: skip
def test_a_fault_names_the_included_file_with_line_and_column(folder, old, new, expected):
    """Its own, not those of `!include`. What is no data set is not shown."""
    text = new if old is None else (folder / "B.yaml").read_text().replace(old, new)
    (folder / "B.yaml").write_text(text, encoding="latin-1")
    shown = fault(folder, spec("!include B.yaml"))
    assert expected in shown
    assert "secret" not in shown


def test_names_are_unique_across_files(folder):
    """As within a spec; the place is that of the second."""
    expected = "B.yaml:2:1: datasets[1].name: this name is taken by datasets[0] (got B)"
    assert fault(folder, spec("!include B.yaml", "!include in/both.yaml")) == f"in/../{expected}"


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("!include none.yaml", "s.yaml:3:5: datasets: !include none.yaml: cannot be read: No such file"),
        ("!include in", "!include in: cannot be read: not a file"),
        ("!include /dev/zero", "!include /dev/zero: cannot be read: not a file"),
        ("!include pipe", "!include pipe: cannot be read: not a file"),
        ("!include s.yaml", "this file includes itself"),
        ("!include in/cycle.yaml", "in/cycle.yaml:1:3: datasets: !include ../in/cycle.yaml: this file includes itself"),
        ("!include ''", "expected an address, got an empty text"),
        ("!include ${HOME}/a", "a spec may not read the variable HOME"),
        ("!include https://h/a?token=hush", "expected an address without a query"),
        ("!include https://u:hush@h/a", "expected an address without user and password"),
        ("!include simplecache::s3://b/a", "expected one address, not a chain of them"),
        ("!include s3://b/a", "s3://b/a: expected a path; nothing here reads"),
        ("!include [B.yaml]", "the tag '!include' is not allowed here: it is for items of `datasets`"),
        ("{name: !include B.yaml}", "the tag '!include' is not allowed here: it is for items of `datasets`"),
    ],
)  # fmt: skip
def test_what_cannot_be_included_is_one_fault_at_its_place(folder, item, expected):
    """Nothing without end is read, and no secret is shown."""
    os.mkfifo(folder / "pipe")
    (folder / "in/cycle.yaml").write_text("- !include ../in/cycle.yaml\n")
    shown = fault(folder, spec(item))
    assert expected in shown
    assert "hush" not in shown


def test_all_missing_files_are_named_at_once(folder):
    """With the places of all."""
    (folder / "s.yaml").write_text(spec("!include x.yaml", "!include B.yaml", "!include y.yaml"))
    with pytest.raises(SpecError) as error:
        load(folder / "s.yaml", ENVIRONMENT)
    assert [(each.line, each.column) for each in error.value.faults] == [(3, 5), (5, 5)]


def test_an_unset_variable_in_the_name_of_a_file_is_told_with_its_use():
    """So that the message says how to set it."""
    with pytest.raises(
        UnsetVariablesError, match="the variable DATA is not set or empty; set it, or write a default"
    ) as error:
        loads(spec("!include ${DATA}/B.yaml"), environment={})
    assert error.value.uses == {"DATA": ("${DATA}/B.yaml",)}


@pytest.mark.parametrize(("depth", "is_read"), [(4, True), (5, False)])
def test_files_include_one_another_to_a_depth_of_four(folder, depth, is_read):
    """The first is the one that the spec includes."""
    for level in range(1, depth):
        (folder / f"{level}.yaml").write_text(f"- !include {level + 1}.yaml\n")
    (folder / f"{depth}.yaml").write_text(DATA_SET.format(name="B"))
    if is_read:
        (folder / "s.yaml").write_text(spec("!include 1.yaml"))
        assert load(folder / "s.yaml", ENVIRONMENT).study.datasets[0].name == "B"
    else:
        assert fault(folder, spec("!include 1.yaml")).endswith("expected at most 4 files that include one another")


def test_included_files_are_bounded_in_number(folder):
    """A few lists of lists would else be thousands of files."""
    (folder / "many.yaml").write_text("- !include B.yaml\n" * 40)
    (folder / "s.yaml").write_text(spec(*["!include many.yaml"] * 40))
    with pytest.raises(SpecError, match="expected at most 100 included files") as error:
        load(folder / "s.yaml", ENVIRONMENT)
    assert len(error.value.faults) == 1


def test_included_files_are_bounded_in_size_together(folder):
    """Five of 256 KiB are too much, of which each is allowed."""
    (folder / "large.yaml").write_text("#" * ((1 << 18) - 500) + "\n" + DATA_SET.format(name="B"))
    (folder / "s.yaml").write_text(spec(*["!include large.yaml"] * 5))
    with pytest.raises(SpecError, match="expected at most 100 included files and 1048576 bytes in all of them"):
        load(folder / "s.yaml", ENVIRONMENT)


def test_no_fault_shows_the_value_of_a_variable_that_names_a_file(folder):
    """It may be a secret in the wrong place: names stay as written, also those of files with faults."""
    (folder / "hush.yaml").write_text(DATA_SET.format(name="[B]"))
    environment = ENVIRONMENT | {"STUDY_A": "hush", "STUDY_B": "hush\n"}
    for item in (
        "!include ${STUDY_A}.yaml",
        "!include ${STUDY_A}",
        "!include '${STUDY_B}'",
        "!include memory://${STUDY_A}",
    ):
        (folder / "s.yaml").write_text(spec(item))
        with pytest.raises(SpecError) as error:
            load(folder / "s.yaml", environment, storage.read_head)
        assert "${STUDY_" in str(error.value)
        assert "hush" not in str(error.value)
        assert "\n" not in str(error.value)


def test_a_spec_in_a_store_includes_files_beside_it(monkeypatch):
    """And files of other folders of it, or of another store, with their addresses in faults."""
    monkeypatch.setenv("DATA", "/data")
    storage.write("memory://inc/specs/s.yaml", spec("!include ../sets/B.yaml", "!include memory://C.yaml").encode())
    storage.write("memory://inc/sets/B.yaml", DATA_SET.format(name="B").encode())
    storage.write("memory://C.yaml", DATA_SET.format(name="C").encode())
    assert [data.name for data in read_spec("memory://inc/specs/s.yaml").study.datasets] == ["B", "C"]
    storage.write("memory://inc/sets/B.yaml", DATA_SET.format(name="[B]").encode())
    with pytest.raises(SpecError, match=r"^memory://inc/sets/B.yaml:2:1: datasets\[0\].name"):
        read_spec("memory://inc/specs/s.yaml")


def test_a_local_spec_includes_files_of_a_store(folder):
    """What is not there is named with the place of `!include`."""
    (folder / "s.yaml").write_text(spec("!include memory://none/B.yaml"))
    expected = (
        "s.yaml:3:5: datasets: !include memory://none/B.yaml: memory://none/B.yaml: cannot read: nothing is there"
    )
    with pytest.raises(SpecError, match=expected):
        read_spec(str(folder / "s.yaml"))


@pytest.mark.parametrize("address", ["/etc/B.yaml", "file:///etc/B.yaml"])
def test_a_spec_in_a_store_includes_no_local_file(address, tmp_path):
    """It may be someone else's, and its text is stored with the results. Nor does one that a local spec includes."""
    storage.write("memory://inc/s.yaml", spec(f"!include {address}").encode())
    storage.write("memory://inc/list.yaml", f"- !include {address}\n".encode())
    (tmp_path / "s.yaml").write_text(spec("!include memory://inc/list.yaml"))
    with pytest.raises(SpecError, match=r"^memory://inc/list.yaml:1:3: .* a file in a store includes files of stores"):
        read_spec(str(tmp_path / "s.yaml"))
    with pytest.raises(SpecError, match="a file in a store includes files of stores alone, none of this machine"):
        read_spec("memory://inc/s.yaml")


def test_an_included_file_lies_below_an_allowed_address(folder, monkeypatch):
    """As images and masks do; way out of a folder by `..` there is none."""
    (folder / "in/s.yaml").write_text(spec("!include ../B.yaml"))
    monkeypatch.setenv("MEDSAM_JOB_ALLOWED_ADDRESSES", f"{folder},/data,m")
    assert load(folder / "in/s.yaml", ENVIRONMENT | {"DATA": f"{folder}"})
    monkeypatch.setenv("MEDSAM_JOB_ALLOWED_ADDRESSES", f"{folder}/in,/data,m")
    with pytest.raises(SpecError, match="expected an address below one of those that MEDSAM_JOB_ALLOWED_ADDRESSES"):
        load(folder / "in/s.yaml", ENVIRONMENT)
