-- One row per run x step: the plain mean of the task means. Each task weighs the same, however many objects it has (as
-- published). mean_iou, mean_dice, failures: 0 to 1.
-- low, high: bootstrap by cluster with the tasks fixed; null if a task has fewer than two clusters. few_patients: a task
-- has fewer than ten.
WITH

means AS (
    SELECT
        'iou' AS measure,
        run_of(t) AS run,
        step,
        count(*) AS tasks,
        CAST(sum(objects) AS BIGINT) AS objects,
        exact_mean(mean_iou) AS mean_iou,
        bool_or(few_patients) AS few_patients,
        exact_mean(failures) AS failures,
        exact_mean(mean_dice) AS mean_dice
    FROM task_scores AS t
    GROUP BY ALL
),

final AS (
    SELECT run, step, tasks, objects, mean_iou, low, high, few_patients, failures, mean_dice
    FROM means
    INNER JOIN overall_cells USING (measure, run, step)
    INNER JOIN overall_intervals USING (overall)
)

SELECT run.*, * EXCLUDE (run) FROM final
ORDER BY run, step
