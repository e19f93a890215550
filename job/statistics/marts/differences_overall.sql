-- One row per measure x contrast x run x step: the plain mean over tasks of the paired differences. baseline_*, p: as in
-- differences_by_task; over tasks, a cluster flips in all its tasks at once. low, high, interval_mean, interval_tasks,
-- few_tasks: as in measures_overall.
WITH

final AS (
    SELECT
        sides.* EXCLUDE (pair_index, series_index),
        measure,
        tasks,
        objects,
        cluster,
        clusters,
        mean AS mean_difference,
        low,
        high,
        interval_tasks,
        interval_mean,
        lost_resamples,
        few_tasks,
        p
    FROM means_over_tasks
    INNER JOIN rows_over_tasks USING (over_tasks)
    INNER JOIN sides ON rows_over_tasks.pair_index = sides.pair_index
    LEFT JOIN overall_intervals USING (over_tasks)
    LEFT JOIN overall_tests USING (over_tasks)
)

SELECT
    run.* REPLACE (seed_of(run.seed, measure) AS seed),
    * EXCLUDE (run) REPLACE (seed_of(baseline_seed, measure) AS baseline_seed)
FROM final
ORDER BY contrast, run, measure, step, baseline_step
