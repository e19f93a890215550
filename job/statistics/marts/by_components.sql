-- One row per contiguity x run x named step: the plain mean over tasks of mean IoU, 0 to 1, over objects of one component,
-- and of several (8-connected). tasks: how many have such an object. cluster, clusters, low, high, interval_tasks,
-- few_tasks: as in measures_overall; interval_iou: the mean that the interval belongs to.
SELECT
    run.*,
    stratum AS contiguity,
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
WHERE stratum IN ('one component', 'several components')
ORDER BY run, step, contiguity
