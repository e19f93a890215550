"""The published study's mean IoU by task, under this project's names of data sets, tasks and prompts.

From Mazurowski et al. 2023, "Segment Anything Model for Medical Image Analysis: an Experimental Study" (arXiv
2304.10517; Medical Image Analysis 89, 102918): its tables of the five modes and of one to nine clicks, 28 tasks.
"""

from __future__ import annotations

from importlib import resources

import pyarrow as pa
import pyarrow.csv

PUBLISHED = pa.schema(
    [
        ("dataset", pa.string()),
        ("task", pa.string()),
        ("model", pa.string()),
        ("mask_choice", pa.string()),
        ("prompt", pa.string()),
        ("protocol", pa.string()),
        ("step", pa.int32()),
        ("mean_iou", pa.float64()),
    ]
)


def published() -> pa.Table:
    """Return the published means, one row per task x model x mask choice x prompt x step."""
    with (resources.files("job.statistics.reference") / "published_iou.csv").open("rb") as file:
        return pyarrow.csv.read_csv(file, convert_options=pyarrow.csv.ConvertOptions(column_types=PUBLISHED))
