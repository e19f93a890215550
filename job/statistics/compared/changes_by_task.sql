-- One row per measure x model x task x run x step: what changed between two outputs, on the objects that both sides saw.
-- model, baseline: with their aliases, such as `b/sam` and `a/sam`. measure: as in differences_by_task. model_mean,
-- baseline_mean: null where a side's mean is over more objects than the difference; never so for IoU. mean_difference, low,
-- high, p, p_holm: as in differences_by_task.
WITH

iou_means AS (
    SELECT
        pair_index,
        task_index,
        CAST(sum(of_iou) AS DOUBLE) / sum(objects) AS model_mean,
        CAST(sum(minus_iou) AS DOUBLE) / sum(objects) AS baseline_mean
    FROM pair_sums
    GROUP BY ALL
),

means AS (
    SELECT measure, run_index, step, task_index, objects, mean
    FROM cells
    INNER JOIN rows_over_tasks USING (over_tasks)
    WHERE run_index IS NOT NULL AND stratum = '' AND measure <> 'iou'
),

final AS (
    SELECT
        sides.* EXCLUDE (pair_index, series_index, contrast, kind),
        rows_over_tasks.measure,
        dataset,
        task,
        cells.objects,
        cluster,
        clusters,
        coalesce(iou_means.model_mean, ours.mean) AS model_mean,
        coalesce(iou_means.baseline_mean, theirs.mean) AS baseline_mean,
        cells.mean AS mean_difference,
        low,
        high,
        lost_resamples,
        p,
        p_holm
    FROM cells
    INNER JOIN rows_over_tasks USING (over_tasks)
    INNER JOIN sides ON rows_over_tasks.pair_index = sides.pair_index
    INNER JOIN pairs ON rows_over_tasks.pair_index = pairs.pair_index
    INNER JOIN tasks USING (task_index)
    LEFT JOIN iou_means
        ON
            rows_over_tasks.measure = 'iou'
            AND rows_over_tasks.pair_index = iou_means.pair_index
            AND cells.task_index = iou_means.task_index
    LEFT JOIN means AS ours
        ON
            rows_over_tasks.measure = ours.measure
            AND pairs.of_run = ours.run_index
            AND pairs.of_step = ours.step
            AND cells.task_index = ours.task_index
            AND cells.objects = ours.objects
    LEFT JOIN means AS theirs
        ON
            rows_over_tasks.measure = theirs.measure
            AND pairs.minus_run = theirs.run_index
            AND pairs.minus_step = theirs.step
            AND cells.task_index = theirs.task_index
            AND cells.objects = theirs.objects
    LEFT JOIN intervals ON cells.over_tasks = intervals.over_tasks AND cells.task_index = intervals.task_index
    LEFT JOIN tests ON cells.over_tasks = tests.over_tasks AND cells.task_index = tests.task_index
)

SELECT run.*, * EXCLUDE (run) FROM final
ORDER BY measure <> 'iou', run, measure, step, dataset, task
