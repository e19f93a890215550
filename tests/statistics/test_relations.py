"""The .sql files: all of them are run, their headers and the documentation name what exists."""

import re
from pathlib import Path

import pyarrow as pa
import pytest

from job.statistics import names, stats
from tests.house import ROOT
from tests.statistics.tables import iou_row, mart_tables, study

DOCUMENTATION = ROOT / "docs/statistics.md"
FOLDER = Path(stats.__file__).parent
SEVERAL = r"[a-z_0-9]+(?:(?:, | and )[a-z_0-9]+)*"


@pytest.fixture(scope="module")
def tables():
    """The marts of one object that two models saw."""
    rows = [iou_row(model=model) for model in ("sam", "ritm")]
    return mart_tables(rows, of=study(compare=("sam", "ritm")))


@pytest.mark.parametrize("folder", ["staging", "marts", "checks"])
def test_every_sql_file_is_run_once(folder):
    """The list of a folder's relations names each of its files."""
    listed = getattr(names, folder.upper())
    assert sorted(listed) == sorted(path.stem for path in (FOLDER / folder).iterdir())


def test_every_sql_file_of_comparisons_is_named_by_its_module():
    """A query that it does not name would not be run."""
    source = (FOLDER / "compare.py").read_text()
    assert all(f'"{path.stem}"' in source for path in (FOLDER / "compared").iterdir())


def test_every_sql_file_of_single_cases_is_named_by_its_module():
    """A query that it does not name would not be run."""
    source = (FOLDER / "cases.py").read_text()
    assert all(f'"shown/{path.stem}"' in source for path in (FOLDER / "shown").iterdir())


def test_there_is_no_other_sql_file_but_the_macros_and_the_form_of_a_table():
    """A query elsewhere would not be run."""
    folders = ("staging", "marts", "checks", "compared", "shown")
    elsewhere = {path for path in FOLDER.rglob("*.sql") if path.parent.name not in folders}
    assert elsewhere == {FOLDER / "macros.sql", FOLDER / "table.sql"}


@pytest.mark.parametrize("name", names.MARTS)
def test_the_columns_that_a_header_explains_exist(name, tables):
    """In the comment above the SELECT, a sentence that begins with `column:` or `column, column:` explains columns."""
    lines = (FOLDER / f"marts/{name}.sql").read_text().splitlines()
    header = " ".join(line.removeprefix("-- ") for line in lines if line.startswith("-- "))
    explained = re.findall(rf"(?:^|[.;] )({SEVERAL}):", header)
    columns = {column for names in explained for column in re.split(", | and ", names)}
    assert columns <= set(tables[name].schema.names)


def test_every_mart_is_flat(tables):
    """The run is written as its fields, so that a mart can be CSV."""
    for name, table in tables.items():
        nested = [field.name for field in table.schema if pa.types.is_nested(field.type)]
        assert not nested, name


def test_every_mart_of_runs_has_the_seed(tables):
    """But the one that compares seeds."""
    without = {name for name, table in tables.items() if "seed" not in table.schema.names}
    assert without == {"between_seeds", "gallery_objects", "ledger", "measures", "models", "task_objects"}


def test_the_documentation_lists_every_mart():
    """The first table in docs/statistics.md."""
    text = DOCUMENTATION.read_text(encoding="utf-8").partition("## The measures")[0]
    listed = [
        name
        for line in text.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line.split("|")[1])
    ]
    assert sorted(listed) == sorted(names.MARTS)


def test_the_columns_in_the_documentation_exist(tables):
    """A quoted name with an underscore in docs/statistics.md is a mart or a column of one."""
    quoted = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", DOCUMENTATION.read_text(encoding="utf-8")))
    assert {"few_tasks", "never_reached"} <= quoted
    assert quoted <= {name for table in tables.values() for name in table.schema.names} | set(names.MARTS)
