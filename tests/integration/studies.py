"""Studies of generated images in a store, and what they leave there."""

import io

import cv2
import pyarrow.parquet as pq

from job import storage
from job.cli.opening import open_results
from job.datasets.generated.generate import generate
from job.results.store import read_footer
from job.statistics.query import query
from tests.integration.s3_server import READER_SECRET, SECRET

TABLES = ("objects", "iou", "predictions", "excluded")
SPEC = """\
study: faults
output: {output}
datasets:
  - name: Generated
    modality: synthetic
    images: {data}/images/*.png
    masks: {data}/masks/{{name}}
    patient: "{{image}}"
    tasks: {{organ: 1, lesion: 2, vessel: 3}}
models:
  - {{name: lite, family: lite_medsam}}
prompts:
  - modes: [whole_box, each_box]
execution: {{device: cpu, chunk: {chunk}}}
"""


def draw(address, count, side=48):
    """Store generated images and their label maps below an address."""
    for number in range(count):
        for kind, array_HW in zip(("images", "masks"), generate(7, number, 0, side), strict=True):
            storage.write(f"{address}/{kind}/{number:04}.png", cv2.imencode(".png", array_HW)[1].tobytes())


def write_spec(folder, data, output, chunk=3):
    """Write a study of those images, and return its spec's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.yaml").write_text(SPEC.format(data=data, output=output, chunk=chunk))
    return folder / "study.yaml"


def rows(output):
    """Return every row of a study's results, by table, in a fixed order."""
    rows_of = {}
    for table in TABLES:
        files = storage.list_files(f"{output}/{table}", "*.parquet")
        tables = [pq.read_table(io.BytesIO(storage.read(file.address))) for file in files]
        rows_of[table] = sorted((row for stored in tables for row in stored.to_pylist()), key=str)
    return rows_of


def planned_rows(output, *tables):
    """Return all rows of these tables, or of all, that the latest plan names."""
    opened = open_results(output)
    return [
        row for table in tables or TABLES for row in query(*opened, f"FROM {table} SELECT * ORDER BY ALL").to_pylist()
    ]


def assert_parts_have_their_predictions(output):
    """Assert that the file of predictions that each part's footer names is stored."""
    stored = {file.address.rsplit("/", 1)[-1] for file in storage.list_files(f"{output}/predictions", "*")}
    for file in storage.list_files(f"{output}/iou", "*"):
        assert read_footer(pq.read_schema(io.BytesIO(storage.read(file.address))).metadata)["predictions"] in stored


def refusal(capfd):
    """Return the one line that says why a run was refused; the others are logs. None has a traceback or a secret."""
    text = capfd.readouterr().err
    assert "Traceback" not in text
    assert SECRET not in text
    assert READER_SECRET not in text
    (line,) = (line for line in text.splitlines() if not line.startswith("{"))
    return line
