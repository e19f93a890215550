-- One row per measure x stratum x run (or pair) x step: a row over tasks, numbered from 0 in the order of its key.
-- proportion: whether it is of how many objects something holds, as a mean or a difference of such means.
-- tested: whether differences are tested here: of IoU at the named steps, and of the area under the curve.
-- series_index, series_steps: number of the series of clicks whose differences of IoU these are, and how many clicks it
-- has, those included at which trajectories had stopped.
WITH

keys AS (
    SELECT DISTINCT measure, stratum, run_index, pair_index, step FROM measure_sums
),

series AS (
    SELECT series_index, count(*) AS series_steps
    FROM pairs
    WHERE series_index IS NOT NULL
    GROUP BY series_index
),

described AS (
    SELECT
        keys.*,
        measure = 'iou' AND pair_index IS NOT NULL AS is_iou_difference,
        CASE
            WHEN NOT regexp_matches(measure, '^(failures$|worse@|never-reached|reached-limit)') THEN 'no'
            WHEN pair_index IS NULL THEN 'mean'
            ELSE 'difference'
        END AS proportion,
        pair_index IS NOT NULL AND (starts_with(measure, 'AUC@') OR (measure = 'iou' AND pairs.tested)) AS tested,
        series.series_index,
        series_steps
    FROM keys
    LEFT JOIN pairs USING (pair_index)
    LEFT JOIN series ON pairs.series_index = series.series_index AND measure = 'iou'
)

SELECT row_number() OVER (ORDER BY measure, stratum, run_index, pair_index, step) - 1 AS over_tasks, *
FROM described
ORDER BY over_tasks
