-- One row per run x step: the plain mean of the task means. Each task weighs the same, however many objects it has (as
-- published). mean_iou, mean_dice, failures: 0 to 1; null where a task has none.
-- low, high: interval by clusters with the tasks fixed, of interval_iou: the mean over the interval_tasks tasks that have
-- enough clusters. few_tasks: the other tasks, by name. lost_resamples: those in which a task has no cluster.
WITH

counted AS (
    SELECT
        run_of(t) AS run,
        step,
        count(*) AS tasks,
        CAST(sum(objects) AS BIGINT) AS objects,
        CASE WHEN count(mean_iou) = count(*) THEN exact_mean(mean_iou) END AS mean_iou,
        CASE WHEN count(failures) = count(*) THEN exact_mean(failures) END AS failures,
        CASE WHEN count(mean_dice) = count(*) THEN exact_mean(mean_dice) END AS mean_dice
    FROM task_scores AS t
    GROUP BY ALL
),

final AS (
    SELECT
        counted.run,
        counted.step,
        counted.tasks,
        counted.objects,
        means.cluster,
        means.clusters,
        counted.mean_iou,
        overall_intervals.low,
        overall_intervals.high,
        overall_intervals.interval_tasks,
        overall_intervals.interval_mean AS interval_iou,
        overall_intervals.lost_resamples,
        means.few_tasks,
        counted.failures,
        counted.mean_dice
    FROM counted
    INNER JOIN runs USING (run)
    LEFT JOIN rows_over_tasks AS keys
        ON
            runs.run_index = keys.run_index
            AND counted.step = keys.step
            AND keys.measure = 'iou'
            AND keys.stratum = ''
            AND counted.mean_iou IS NOT NULL
    LEFT JOIN means_over_tasks AS means USING (over_tasks)
    LEFT JOIN overall_intervals USING (over_tasks)
)

SELECT run.*, * EXCLUDE (run) FROM final
ORDER BY run, step
