-- One row per modality x run x step: the plain mean of its task means, 0 to 1. cluster, clusters, low, high,
-- interval_tasks, few_tasks: as in measures_overall; interval_iou: the mean that the interval belongs to.
SELECT
    run.*,
    substr(stratum, length('modality ') + 1) AS modality,
    step,
    tasks,
    objects,
    cluster,
    clusters,
    mean AS mean_iou,
    low,
    high,
    interval_tasks,
    interval_mean AS interval_iou,
    few_tasks
FROM means_over_tasks
INNER JOIN rows_over_tasks USING (over_tasks)
INNER JOIN runs USING (run_index)
LEFT JOIN overall_intervals USING (over_tasks)
WHERE starts_with(stratum, 'modality ')
ORDER BY run, step, modality
