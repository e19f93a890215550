-- One row per measure x stratum x run (or pair) x step: a row over tasks, numbered from 0 in the order of its key.
-- tested: whether differences are tested here: of IoU at the named steps, and of the area under the curve.
-- series_index, series_steps: number of the series of clicks whose differences of IoU these are, and how many clicks it has.
WITH

keys AS (
    SELECT DISTINCT measure, stratum, run_index, pair_index, step FROM measure_sums
),

described AS (
    SELECT
        keys.*,
        measure = 'iou' AND pair_index IS NOT NULL AS is_iou_difference,
        pair_index IS NOT NULL AND (starts_with(measure, 'AUC@') OR (measure = 'iou' AND pairs.tested)) AS tested,
        CASE WHEN measure = 'iou' THEN series_index END AS series_index,
        count(*) OVER (PARTITION BY measure, series_index) AS series_steps
    FROM keys
    LEFT JOIN pairs USING (pair_index)
)

SELECT row_number() OVER (ORDER BY measure, stratum, run_index, pair_index, step) - 1 AS over_tasks, *
FROM described
ORDER BY over_tasks
