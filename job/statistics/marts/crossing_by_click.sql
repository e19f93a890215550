-- One row per contrast x model x protocol x mask_choice x seed x task x click (step), and one over tasks (dataset and task
-- null): who is ahead. baseline_ahead: share of resamples in which the baseline's mean IoU is higher. low, high: interval of
-- model minus baseline that holds for all clicks at once. As in crossing, a series that had stopped at a target IoU has no
-- row.
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
        baseline_choice,
        dataset,
        task,
        clicks_ahead.step,
        minus_ahead AS baseline_ahead,
        low,
        high
    FROM clicks_ahead
    INNER JOIN sides ON clicks_ahead.series_index = sides.series_index AND clicks_ahead.step = sides.step
    LEFT JOIN tasks USING (task_index)
    WHERE task_index IS NOT NULL OR sides.series_index NOT IN (FROM stopped_series)
)

SELECT * FROM final
ORDER BY contrast, model, protocol, mask_choice, seed, dataset NULLS FIRST, task, step
