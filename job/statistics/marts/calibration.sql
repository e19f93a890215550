-- One row per run x named step x task, and one over tasks (dataset and task null), of models that predict their own IoU.
-- bias: predicted minus true IoU; error: mean absolute difference; each with its interval. rho: Spearman's correlation of
-- predicted and true IoU within a task, and its mean over tasks by Fisher's z. cluster, clusters: as in task_scores.
-- Over tasks, there is an interval only where every task has one.
WITH

means AS (
    SELECT run_index, step, task_index, measure, mean, low, high
    FROM cells
    INNER JOIN rows_over_tasks USING (over_tasks)
    LEFT JOIN intervals USING (over_tasks, task_index)
    UNION ALL
    SELECT run_index, step, NULL, measure, mean, whole.low, whole.high
    FROM means_over_tasks
    INNER JOIN rows_over_tasks USING (over_tasks)
    LEFT JOIN overall_intervals AS whole ON means_over_tasks.over_tasks = whole.over_tasks AND few_tasks IS NULL
),

errors AS (
    SELECT
        run_index,
        step,
        task_index,
        any_value(mean) FILTER (measure = 'predicted-bias') AS bias,
        any_value(low) FILTER (measure = 'predicted-bias') AS bias_low,
        any_value(high) FILTER (measure = 'predicted-bias') AS bias_high,
        any_value(mean) FILTER (measure = 'predicted-error') AS error,
        any_value(low) FILTER (measure = 'predicted-error') AS error_low,
        any_value(high) FILTER (measure = 'predicted-error') AS error_high
    FROM means
    WHERE run_index IS NOT NULL
    GROUP BY ALL
),

final AS (
    SELECT
        run,
        dataset,
        task,
        rankings.step,
        rankings.objects,
        rankings.cluster,
        rankings.clusters,
        errors.* EXCLUDE (run_index, step, task_index),
        rho,
        CASE WHEN interval_tasks IS NULL OR interval_tasks = correlations.tasks THEN correlations.low END AS rho_low,
        CASE WHEN interval_tasks IS NULL OR interval_tasks = correlations.tasks THEN correlations.high END AS rho_high
    FROM rankings
    INNER JOIN correlations
        ON
            rankings.ranking = correlations.ranking
            AND rankings.task_index IS NOT DISTINCT FROM correlations.task_index
    INNER JOIN errors
        ON
            rankings.run_index = errors.run_index
            AND rankings.step = errors.step
            AND rankings.task_index IS NOT DISTINCT FROM errors.task_index
    INNER JOIN runs ON rankings.run_index = runs.run_index
    LEFT JOIN tasks ON rankings.task_index = tasks.task_index
    WHERE kind = 'predicted'
)

SELECT run.*, * EXCLUDE (run) FROM final
ORDER BY run, step, dataset NULLS FIRST, task
