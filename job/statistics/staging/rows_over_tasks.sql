-- One row per measure x stratum x run (or pair) x step: a row over tasks, numbered from 0 in the order of its key.
-- is_proportion, lowest, highest: of the measure; of a difference, what each side can have.
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
        pair_index IS NOT NULL AS is_difference,
        measure = 'iou' AND pair_index IS NOT NULL AS is_iou_difference,
        is_proportion,
        lowest,
        highest,
        pair_index IS NOT NULL AND (starts_with(measure, 'AUC@') OR (measure = 'iou' AND pairs.tested)) AS tested,
        series.series_index,
        series_steps
    FROM keys
    INNER JOIN measure_kinds USING (measure)
    LEFT JOIN pairs USING (pair_index)
    LEFT JOIN series ON pairs.series_index = series.series_index AND measure = 'iou'
)

SELECT row_number() OVER (ORDER BY measure, stratum, run_index, pair_index, step) - 1 AS over_tasks, *
FROM described
ORDER BY over_tasks
