-- One row per run x step: model against baseline over tasks, each task weighing the same, within a seed.
-- model_iou, baseline_iou, mean_difference, won: means over tasks. low, high: interval of mean_difference, a bootstrap by
-- cluster with the tasks fixed. tasks_won: number of tasks whose mean difference is positive. few_patients: a task has
-- fewer than ten clusters.
WITH

means AS (
    SELECT
        'difference' AS measure,
        run_of(t) AS run,
        baseline,
        step,
        count(*) AS tasks,
        CAST(sum(objects) AS BIGINT) AS objects,
        exact_mean(model_iou) AS model_iou,
        exact_mean(baseline_iou) AS baseline_iou,
        exact_mean(mean_difference) AS mean_difference,
        exact_mean(won) AS won,
        count(*) FILTER (mean_difference > 0) AS tasks_won,
        bool_or(few_patients) AS few_patients
    FROM comparison_by_task AS t
    GROUP BY ALL
),

final AS (
    SELECT means.* EXCLUDE (measure), low, high
    FROM means
    INNER JOIN overall_cells USING (measure, run, step)
    INNER JOIN overall_intervals USING (overall)
)

SELECT run.*, * EXCLUDE (run) FROM final
ORDER BY run, step
