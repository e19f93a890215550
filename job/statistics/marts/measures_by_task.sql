-- One row per measure x task x run x step: every mean over objects, and its interval. objects: what the mean is over:
-- objects, or volumes for volume-iou and volume-dice, or patients for patient-iou. clusters, cluster, low, high,
-- lost_resamples: as in task_scores. seed: null for measures of all seeds together. docs/statistics.md explains the measures.
SELECT
    run.* REPLACE (seed_of(run.seed, measure) AS seed),
    measure,
    dataset,
    task,
    step,
    objects,
    cluster,
    clusters,
    mean,
    low,
    high,
    lost_resamples
FROM cells
INNER JOIN rows_over_tasks USING (over_tasks)
INNER JOIN runs USING (run_index)
INNER JOIN tasks USING (task_index)
LEFT JOIN intervals USING (over_tasks, task_index)
WHERE stratum = ''
ORDER BY run, measure, step, dataset, task
