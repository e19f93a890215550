"""A data set without images, or whose images and masks cannot be paired, is a fault at its place in the spec."""

import pytest

from job.errors import SpecError
from job.plan.make import find_survey
from job.study import loads
from tests.datasets.make import write

SPEC = """\
study: small
datasets:
  - name: A
    modality: CT
    images: "{folder}/i/{{case}}_{{n:int}}.png"
    masks: "{folder}/m/{{stem}}.png"
    tasks: {{organ: 1}}
models: [{{name: lite, family: lite_medsam}}]
prompts: [{{modes: [whole_box]}}]
"""


@pytest.fixture
def spec(tmp_path):
    """Return a function that loads a spec of two images, a_1 and a_2, and their masks, after a change."""
    for name in ("i/a_1.png", "i/a_2.png", "m/a_1.png", "m/a_2.png", "m/a.png"):
        write(tmp_path / name, b"x")

    def load(old="", new=""):
        text = SPEC.format(folder=tmp_path)
        assert old in text
        return loads(text.replace(old, new, 1), "s.yaml")

    return load


def fault(spec):
    with pytest.raises(SpecError) as error:
        find_survey(spec, 0)
    return str(error.value)


def test_the_sources_are_those_of_the_survey(spec):
    """Which also has what no image uses."""
    survey = find_survey(spec(), 0)
    assert [source.image for source in find_survey(spec(), 0).sources] == ["a_1.png", "a_2.png"]
    assert (len(survey.sources), survey.unused_masks) == (2, ("a.png",))


def test_a_shared_mask_is_a_fault_of_the_template(spec, tmp_path):
    """It names the mask and two of its images."""
    assert fault(spec("{stem}", "{case}")) == (
        f"s.yaml:6:5: datasets[0].masks: expected masks of one image each; {tmp_path}/m/a.png is named by a_1.png and "
        "by a_2.png; add a field that tells them apart, or make a data set of each kind of image, such as each sequence"
    )


def test_a_data_set_whose_images_are_all_left_out_says_why(spec):
    """Rather than that no file matches."""
    assert fault(spec("    tasks", "    only: b*\n    tasks")).startswith(
        "s.yaml:5:5: datasets[0].images: no image is left; 2 images left out by `only` or `except` (a_1.png, a_2.png)"
    )
    assert (
        "no file matches this pattern; 2 image files not matched, for their endings alone (a_1.png, a_2.png)"
        in fault(spec("_{n:int}.png", "_{n:int}.jpg"))
    )
    assert "no file matches this pattern (got" in fault(spec("{n:int}", "{n:int}9"))


def test_a_column_that_the_table_lacks_is_a_fault_of_its_key(spec, tmp_path):
    """Known when the table is read, so that the loaded spec has none."""
    (tmp_path / "t.csv").write_text("file,case_name,site\na_1,P1,X\n")
    table = f"    table: {{file: {tmp_path}/t.csv, image: file}}\n"
    assert fault(spec("    tasks", table + '    patient: "{case_nam}"\n    tasks')) == (
        "s.yaml:8:5: datasets[0].patient: no column 'case_nam' in the table, which has file, case_name, site; "
        "did you mean 'case_name'?"
    )


def test_a_table_that_names_no_image_says_so(spec, tmp_path):
    """Rather than that no file matches."""
    (tmp_path / "t.csv").write_text("file\nb_1\n")
    assert fault(spec("    tasks", f"    table: {{file: {tmp_path}/t.csv, image: file}}\n    tasks")).startswith(
        "s.yaml:5:5: datasets[0].images: no image is left; 2 images left out that no row of `table` names (a_1.png, "
        "a_2.png); "
    )


def test_a_table_that_is_missing_is_a_fault_of_its_address(spec, tmp_path):
    """Not of `images`, as that of another file."""
    assert fault(spec("    tasks", f"    table: {{file: {tmp_path}/t.csv, image: file}}\n    tasks")) == (
        f"s.yaml:7:13: datasets[0].table.file: {tmp_path}/t.csv: cannot read: nothing is there"
    )


def test_a_damaged_archive_is_a_fault_of_the_pattern_that_names_it(spec, tmp_path):
    """With what came."""
    (tmp_path / "i.zip").write_bytes(b"PK\x03\x04")
    told = fault(spec("/i/", "/i.zip#/"))
    assert told.startswith("s.yaml:5:5: datasets[0].images: damaged, or no such archive")
    assert "(got /" in told
