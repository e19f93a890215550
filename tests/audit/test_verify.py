"""`verify` computes every stored score again from its masks, and finds what is missing, damaged or repeated."""

import io
import math
import shutil
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from job import storage
from tests.cases import SPEC, medsam_job, use_fake_models, write_study

TWO_BLOCKS = SPEC.replace("modes: [whole_box, each_box]", "modes: [whole_box]\n  - modes: [each_box]")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A sound study of two chunks and two blocks: four parts, with a row for each of two objects."""
    folder = tmp_path_factory.mktemp("finished")
    spec = write_study(folder, cases=2, text=TWO_BLOCKS.replace("chunk: 4", "chunk: 1"))
    with pytest.MonkeyPatch.context() as patch:
        use_fake_models(patch)
        assert medsam_job(patch, spec, "--only", "predict") == 0
    return folder / "results"


@pytest.fixture
def output(finished, tmp_path):
    """A copy of the results that a test may spoil."""
    return shutil.copytree(finished, tmp_path / "results")


@pytest.fixture
def problems(output, monkeypatch, capfd):
    """Verify the results; return the exit code, the problems and the last line."""

    def verify():
        code = medsam_job(monkeypatch, "verify", output)
        *lines, verdict = capfd.readouterr().out.splitlines()
        return code, lines, verdict

    return verify


def first_file(output, table):
    return sorted((output / table).iterdir())[0]


def change(path, alter):
    """Write a Parquet file again with other rows and the same footer."""
    table = pq.read_table(io.BytesIO(path.read_bytes()))
    rows = table.to_pylist()
    alter(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)


def test_a_sound_study_has_no_problems(problems):
    """The exit code is 0."""
    assert problems() == (0, [], "no problems in 4 parts")


@pytest.mark.parametrize("table", ["predictions", "objects", "excluded"])
def test_a_table_is_listed_once_whatever_the_number_of_parts(output, problems, monkeypatch, table):
    """A store needs long to list thousands of files."""
    listed = []
    list_files = storage.list_files
    monkeypatch.setattr(storage, "list_files", lambda *arguments: listed.append(arguments[0]) or list_files(*arguments))
    problems()
    assert listed.count(str(output / table)) == 1


def test_a_missing_part_is_named(output, problems):
    """The exit code is 3."""
    file = first_file(output, "iou")
    file.unlink()
    assert problems() == (3, [f"iou/{file.stem}: missing"], "1 problem in 4 parts")


@pytest.mark.parametrize("table", ["iou", "predictions", "objects", "excluded"])
def test_a_damaged_file_is_named(output, problems, table):
    """Here its end is missing."""
    file = first_file(output, table)
    file.write_bytes(file.read_bytes()[:-20])
    code, lines, _ = problems()
    assert code == 3
    assert lines[0].startswith(f"{table}/{file.stem}: unreadable")


@pytest.mark.parametrize("table", ["iou", "predictions", "objects", "excluded"])
def test_a_file_with_other_columns_is_named(output, problems, table):
    """Another version of the program may have written it."""
    file = first_file(output, table)
    rows = pq.read_table(io.BytesIO(file.read_bytes()))
    pq.write_table(rows.drop_columns(rows.column_names[-1]), file)
    code, lines, _ = problems()
    assert code == 3
    assert lines[0] == f"{table}/{file.stem}: its columns are not those of this version"


WRONG_VALUES = {
    "iou a bit lower": lambda row: {"iou": math.nextafter(row["iou"], 0)},
    "iou a bit higher": lambda row: {"iou": math.nextafter(row["iou"], 2)},
    "iou null": lambda row: {"iou": None},
    "dice a bit lower": lambda row: {"dice": math.nextafter(row["dice"], 0)},
    "dice a bit higher": lambda row: {"dice": math.nextafter(row["dice"], 2)},
    "dice as iou": lambda row: {"dice": row["iou"]},
    "dice null": lambda row: {"dice": None},
    "intersection_px lower": lambda row: {"intersection_px": row["intersection_px"] - 1},
    "intersection_px higher": lambda row: {"intersection_px": row["intersection_px"] + 1},
    "union_px lower": lambda row: {"union_px": row["union_px"] - 1},
    "union_px higher": lambda row: {"union_px": row["union_px"] + 1},
    "both counts": lambda row: {"intersection_px": row["intersection_px"] - 1, "union_px": row["union_px"] - 1},
}


@pytest.mark.parametrize("wrong", WRONG_VALUES.values(), ids=WRONG_VALUES)
def test_one_wrong_value_is_found(output, problems, wrong):
    """Each of the four scores of a row is compared exactly."""
    file = first_file(output, "iou")
    change(file, lambda rows: rows[1].update(wrong(rows[1])))
    row = pq.read_table(io.BytesIO(file.read_bytes())).to_pylist()[1]
    code, lines, verdict = problems()
    key = f"Discs, {row['image']}, none, 0, ring, lite, {row['prompt']}, one-shot, single, 1, 3"
    assert (code, verdict) == (3, "1 problem in 4 parts")
    assert lines == [f"iou/{file.stem}: the masks do not give this score: {key}"]


def test_a_changed_mask_of_a_prediction_is_found(output, problems):
    """Here that of the ring is stored for the disc too."""
    change(first_file(output, "predictions"), lambda rows: rows[0].update(mask=rows[1]["mask"]))
    code, (line,), _ = problems()
    assert code == 3
    assert "the masks do not give this score: " in line
    assert ", disc, " in line


def test_a_changed_mask_of_an_object_is_found(output, problems):
    """It spoils the scores of both blocks."""
    change(first_file(output, "objects"), lambda rows: rows[0].update(truth=rows[1]["truth"]))
    code, lines, _ = problems()
    assert code == 3
    assert len(lines) == 2
    assert all("the masks do not give this score: " in line for line in lines)


def test_a_repeated_object_is_found(output, problems):
    """Its scores are still compared."""
    file = first_file(output, "objects")
    change(file, lambda rows: rows.append(rows[0]))
    image = pq.read_table(io.BytesIO(file.read_bytes())).to_pylist()[0]["image"]
    assert problems()[:2] == (3, [f"objects/{file.stem}: repeated object: Discs, {image}, none, 0, disc"])


def test_a_repeated_score_is_found(output, problems):
    """Here it replaces another row, so that the number of rows is right."""
    file = first_file(output, "iou")
    change(file, lambda rows: rows.__setitem__(1, rows[0]))
    code, (line,), _ = problems()
    assert code == 3
    assert line.startswith(f"iou/{file.stem}: repeated score, here or in another part: Discs, ")
    assert ", disc, " in line


def test_a_score_that_another_part_repeats_is_found(output, problems):
    """The statistics would count it twice. The predictions of its own part do not have it."""
    chunks = {}
    for file in sorted((output / "iou").iterdir()):
        row = pq.read_table(io.BytesIO(file.read_bytes())).to_pylist()[0]
        chunks.setdefault(row["image"], {})[row["prompt"]] = file
    change(chunks["case0.png"]["each_box"], lambda rows: rows[0].update(prompt="whole_box"))
    code, lines, _ = problems()
    assert code == 3
    assert [line.split(": ")[1] for line in lines] == [
        "repeated score, here or in another part", "a score without its prediction",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("alter", "count"), [(lambda rows: rows.pop(), 1), (lambda rows: rows.append(rows[0]), 3)], ids=["missing", "added"]
)
def test_a_wrong_number_of_rows_is_found(output, problems, alter, count):
    """The footer has the number that was written."""
    file = first_file(output, "iou")
    change(file, alter)
    code, lines, _ = problems()
    assert code == 3
    assert lines[0] == f"iou/{file.stem}: {count} rows, but 2 in its footer"


@pytest.mark.parametrize(("table", "missing"), [("predictions", 1), ("objects", 2)])
def test_a_score_without_its_mask_is_found(output, problems, table, missing):
    """It cannot be computed again. A missing object spoils the scores of both blocks."""
    change(first_file(output, table), lambda rows: rows.pop())
    code, lines, _ = problems()
    assert code == 3
    assert len(lines) == missing
    assert all(f"a score without its {table.removesuffix('s')}: Discs, " in line for line in lines)


def test_verify_reads_in_its_own_thread(output):
    """Threads of Arrow's that hold bytes of Python's at the end abort the process: exit 134, though all is sound."""
    code = (
        "import os, sys\n"
        "from job.audit import verify\n"
        "from job.cli.opening import open_results\n"
        "results, plan = open_results(sys.argv[1], None)\n"
        "before = len(os.listdir('/proc/self/task'))\n"
        "assert list(verify.verify(results, plan)) == []\n"
        "print(len(os.listdir('/proc/self/task')) - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, output], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")
