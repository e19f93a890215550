"""Measure the time and memory of computing all marts from generated rows.

    python benchmarks/statistics_rows.py [--objects 100000] [--tasks 28] [--slices 50]

Each object has 100 rows: two models, with clicks and modes under several mask choices. The objects belong to 28 tasks
of 19 data sets, 50 (`--slices`) to each patient of a task. 100,000 objects have 10 million rows of `iou`.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from job.results.tables import BOUNDARY, EXCLUDED
from job.statistics.stats import compute
from job.study import loads

RUNS = """
    SELECT * FROM (
        SELECT 'sam' AS model, 'clicks' AS prompt, 'mazurowski2023' AS protocol, choice, step
        FROM (VALUES ('first'), ('score'), ('oracle')) AS c (choice), range(1, 10) AS s (step)
        UNION ALL
        SELECT 'ritm', 'clicks', 'mazurowski2023', 'single', step FROM range(1, 10) AS s (step)
        UNION ALL
        SELECT 'sam', 'clicks', 'ritm', 'score', step FROM range(1, 21) AS s (step)
        UNION ALL
        SELECT 'ritm', 'clicks', 'ritm', 'single', step FROM range(1, 21) AS s (step)
        UNION ALL
        SELECT 'sam', mode, 'one-shot', choice, 1
        FROM (VALUES ('largest_point'), ('each_point'), ('largest_box'), ('each_box'), ('whole_box')) AS m (mode),
            (VALUES ('first'), ('score'), ('oracle'), ('single')) AS c (choice)
        UNION ALL
        SELECT 'ritm', mode, 'one-shot', 'single', 1
        FROM (VALUES ('largest_point'), ('each_point')) AS m (mode)
        UNION ALL
        SELECT 'ritm', 'each_point', 'one-shot', 'other', 1
        UNION ALL
        SELECT 'ritm', 'largest_point', 'one-shot', 'other', 1
    )
"""

OBJECTS = """
    SELECT
        'data' || (i % $tasks) % 19 AS dataset, 'image' || i AS image, 'axial' AS axis, CAST(i % 64 AS INTEGER) AS slice,
        'task' || i % $tasks AS task, 'CT' AS modality, 'v' AS volume, 'patient' || i // ($slices * $tasks) AS patient,
        256 AS height, 256 AS width, 65536::BIGINT AS image_px, (1 + hash(i) % 20000)::BIGINT AS object_px,
        CAST(1 + i % 3 AS INTEGER) AS components,
        NULL::DOUBLE AS spacing_row_mm, NULL::DOUBLE AS spacing_column_mm, NULL::DOUBLE AS spacing_slice_mm, 'max/slice' AS intensity, '' AS truth
    FROM range($objects) AS o (i)
"""

IOU = """
    SELECT
        dataset, image, axis, slice, task, model, prompt, protocol, choice AS mask_choice, CAST(step AS INTEGER) AS step,
        0::BIGINT AS seed,
        hits / 10000 AS iou, 2 * hits / (10000 + hits) AS dice, 0.5 AS predicted_iou,
        hits AS intersection_px, 10000::BIGINT AS union_px, 0::TINYINT AS mask_index,
        0 AS point_x, 0 AS point_y, TRUE AS point_positive, 1::FLOAT AS point_depth, 1 AS point_ties,
        'ok' AS status, 'fp32' AS precision, 'part' AS part
    FROM (SELECT *, (hash(image, model, prompt, choice, step) % 10001)::BIGINT AS hits FROM objects, runs)
"""

SPEC = """
study: benchmark
datasets:
{datasets}
models: [{{name: sam, family: lite_medsam}}, {{name: ritm, family: lite_medsam}}]
prompts: [{{modes: [whole_box]}}]
statistics: {{compare: {{model: sam, baseline: ritm}}}}
"""
ROW = "  - {{name: data{}, modality: CT, images: x/*.png, masks: y, patient: p, tasks: {{t: 1}}}}\n"


def make_rows(folder: str, **numbers: int) -> None:
    """Write objects.parquet and iou.parquet into a folder."""
    with duckdb.connect() as connection:
        connection.sql(RUNS).create("runs")
        connection.execute(f"CREATE TABLE objects AS {OBJECTS}", numbers)
        connection.execute(f"COPY objects TO '{folder}/objects.parquet'")
        connection.execute(f"COPY ({IOU}) TO '{folder}/iou.parquet'")


def measure(folder: str) -> None:
    """Compute every mart in this process, and print rows, seconds and peak memory."""
    study = loads(SPEC.format(datasets="".join(ROW.format(n) for n in range(19)))).study
    with duckdb.connect(config={"temp_directory": folder}) as connection:
        for name in ("iou", "objects"):
            connection.read_parquet(f"{folder}/{name}.parquet").create_view(name)
        for name, schema in (("boundary", BOUNDARY), ("excluded", EXCLUDED)):
            connection.from_arrow(schema.empty_table()).create(name)
        began = time.perf_counter()
        marts = compute(connection, study, models={})
        seconds = time.perf_counter() - began
        ((rows,),) = connection.sql("SELECT count(*) FROM iou").fetchall()
    # VmHWM, not ru_maxrss: on Linux a process inherits the ru_maxrss of its parent.
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    peak = int(kilobytes) / 1024
    tasks = marts["task_scores"].group_by(["dataset", "task"]).aggregate([]).num_rows
    print(
        f"{rows:,} rows, {tasks} tasks, {len(marts)} marts, {os.cpu_count()} cores, DuckDB {duckdb.__version__}:",
        end=" ",
    )
    print(f"{seconds:.1f} s, peak memory {peak:,.0f} MiB")


def main() -> None:
    """Write the rows, then measure in a process of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--objects", type=int, default=100_000)
    parser.add_argument("--tasks", type=int, default=28)
    parser.add_argument("--slices", type=int, default=50)
    parser.add_argument("--measure", metavar="FOLDER", help="only compute the marts, from the rows in this folder")
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure)
        return
    with tempfile.TemporaryDirectory() as folder:
        make_rows(folder, objects=arguments.objects, tasks=arguments.tasks, slices=arguments.slices)
        subprocess.run([sys.executable, __file__, "--measure", folder], check=True)


if __name__ == "__main__":
    main()
