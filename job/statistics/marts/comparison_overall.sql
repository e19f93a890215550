-- One row per contrast x run x step: IoU over tasks, each task weighing the same, within a seed.
-- baseline_*: as in comparison_by_task. model_iou, baseline_iou, mean_difference, won: means over tasks. tasks_won: number
-- of tasks whose mean difference is positive; a task without a difference counts half. low, high, interval_mean,
-- interval_tasks, few_tasks: as in measures_overall. tasks_seen: number of tasks whose data set one of the two was trained
-- on (`seen_by` in comparison_by_task). p: sign flips by cluster, in all tasks at once.
WITH

tasks_of_pairs AS (
    SELECT
        pair_index,
        task_index,
        CAST(sum(of_iou) AS DOUBLE) / sum(objects) AS model_iou,
        CAST(sum(minus_iou) AS DOUBLE) / sum(objects) AS baseline_iou,
        round(CAST(sum(iou) AS DOUBLE) / sum(objects), 9) AS difference,
        (sum(wins) + 0.5 * sum(ties)) / sum(objects) AS won
    FROM pair_sums
    GROUP BY ALL
),

means AS (
    SELECT
        pair_index,
        exact_mean(model_iou) AS model_iou,
        exact_mean(baseline_iou) AS baseline_iou,
        exact_mean(won) AS won,
        CAST(count(*) FILTER (difference > 0) + 0.5 * count(*) FILTER (difference = 0) AS DOUBLE) AS tasks_won
    FROM tasks_of_pairs
    GROUP BY pair_index
),

seen AS (
    SELECT pair_index, count(DISTINCT task_index) AS tasks_seen
    FROM pair_sums
    INNER JOIN tasks USING (task_index)
    INNER JOIN sides USING (pair_index)
    INNER JOIN seen_datasets ON tasks.dataset = seen_datasets.dataset
    WHERE seen_datasets.model IN (sides.run.model, sides.baseline)
    GROUP BY pair_index
),

final AS (
    SELECT
        sides.* EXCLUDE (pair_index, series_index),
        tasks,
        coalesce(tasks_seen, 0) AS tasks_seen,
        objects,
        cluster,
        clusters,
        model_iou,
        baseline_iou,
        mean AS mean_difference,
        low,
        high,
        interval_tasks,
        interval_mean,
        lost_resamples,
        few_tasks,
        not_inferior,
        won,
        tasks_won,
        p
    FROM means_over_tasks
    INNER JOIN rows_over_tasks USING (over_tasks)
    INNER JOIN sides ON rows_over_tasks.pair_index = sides.pair_index
    INNER JOIN means ON sides.pair_index = means.pair_index
    LEFT JOIN seen ON sides.pair_index = seen.pair_index
    LEFT JOIN overall_intervals USING (over_tasks)
    LEFT JOIN overall_tests USING (over_tasks)
    WHERE measure = 'iou'
)

SELECT run.*, * EXCLUDE (run) FROM final
ORDER BY contrast, run, step, baseline_step
