-- One row per measure x run x step: the plain mean of the task means, and its interval. interval_mean: the mean over the
-- interval_tasks tasks that have enough clusters, which low and high belong to. few_tasks: the other tasks, by name.
-- seed: as in measures_by_task.
SELECT
    run.* REPLACE (seed_of(run.seed, measure) AS seed),
    measure,
    step,
    tasks,
    objects,
    cluster,
    clusters,
    mean,
    low,
    high,
    interval_tasks,
    interval_mean,
    lost_resamples,
    few_tasks
FROM means_over_tasks
INNER JOIN rows_over_tasks USING (over_tasks)
INNER JOIN runs USING (run_index)
LEFT JOIN overall_intervals USING (over_tasks)
WHERE stratum = ''
ORDER BY run, measure, step
