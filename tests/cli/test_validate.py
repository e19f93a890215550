"""`medsam-job validate` prints the faults of a spec, the files that a run would leave out, and a verdict."""

import pytest

from tests.cases import SPEC, medsam_job, write_study


@pytest.fixture
def validate(monkeypatch, capfd):
    """Return a function that validates a spec and returns its exit code and the printed lines."""

    def run(*arguments):
        capfd.readouterr()
        code = medsam_job(monkeypatch, "validate", *arguments)
        return code, capfd.readouterr().out.splitlines()

    return run


def test_a_sound_spec_ends_with_0(validate, tmp_path):
    """The notes say how many images were read."""
    assert validate(write_study(tmp_path)) == (
        0,
        ["Discs: 3 images, 3 read whole", "the spec is sound; 0 files would be left out"],
    )


def test_a_file_that_would_be_left_out_is_no_fault_of_the_spec(validate, tmp_path):
    """It is printed with data set, name and reason."""
    spec = write_study(tmp_path, cases=1)
    (tmp_path / "data/images/bad.png").write_bytes(b"no image")
    code, lines = validate(spec)
    assert code == 0
    assert lines[0].startswith("Discs: bad.png: error: ")
    assert lines[-1] == "the spec is sound; 1 file would be left out"


def test_all_faults_are_printed_with_their_places_and_counted(validate, tmp_path):
    """A label that occurs nowhere, and an output that is a file."""
    spec = write_study(tmp_path, cases=1, text=SPEC.replace("ring: 2", "ring: 9"))
    (tmp_path / "results").write_text("in the way")
    code, lines = validate(spec)
    assert code == 2
    assert lines[0].startswith(f"{spec}:9:22: datasets[0].tasks.ring: no object of this task in 1 of 1 images")
    assert lines[1].startswith(f"{spec}:2:1: output: output {tmp_path}/results is not writable")
    assert lines[-1] == "the spec has 2 faults; 0 files would be left out"


def test_the_output_of_the_command_line_is_checked_instead_of_the_specs(validate, tmp_path):
    """Here it can be written, and the spec's cannot."""
    spec = write_study(tmp_path, cases=1)
    (tmp_path / "results").write_text("in the way")
    assert validate(spec)[1][-1] == "the spec has 1 fault; 0 files would be left out"
    assert validate(spec, "--output", tmp_path / "elsewhere")[0] == 0
