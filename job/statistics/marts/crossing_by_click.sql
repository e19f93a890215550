-- One row per contrast x model x protocol x mask_choice x seed x task x click (step), and one over tasks (dataset and task
-- null): who is ahead. baseline_ahead: share of resamples in which the baseline's mean IoU is higher. low, high: interval of
-- model minus baseline that holds for all clicks at once. As in crossing, a series that had stopped at a target IoU has no
-- row. cluster, clusters: as in task_scores; over tasks, of those that have an interval.
WITH

stopped_series AS (
    SELECT series_index
    FROM rows_over_tasks
    SEMI JOIN stopped_rows USING (over_tasks)
    WHERE series_index IS NOT NULL
),

final AS (
    SELECT
        contrast,
        run.* EXCLUDE (prompt),
        baseline,
        baseline_protocol,
        baseline_choice,
        baseline_seed,
        dataset,
        task,
        clicks_ahead.step,
        coalesce(tasks.cluster, means.cluster) AS cluster,
        coalesce(cells.clusters, means.clusters) AS clusters,
        minus_ahead AS baseline_ahead,
        low,
        high
    FROM clicks_ahead
    INNER JOIN sides ON clicks_ahead.series_index = sides.series_index AND clicks_ahead.step = sides.step
    INNER JOIN rows_over_tasks ON sides.pair_index = rows_over_tasks.pair_index AND rows_over_tasks.measure = 'iou'
    LEFT JOIN means_over_tasks AS means ON rows_over_tasks.over_tasks = means.over_tasks
    LEFT JOIN cells
        ON rows_over_tasks.over_tasks = cells.over_tasks AND clicks_ahead.task_index = cells.task_index
    LEFT JOIN tasks ON clicks_ahead.task_index = tasks.task_index
    WHERE clicks_ahead.task_index IS NOT NULL OR sides.series_index NOT IN (FROM stopped_series)
)

SELECT * FROM final
ORDER BY contrast, model, protocol, mask_choice, seed, baseline_protocol, baseline_choice, baseline_seed, dataset NULLS FIRST, task, step
