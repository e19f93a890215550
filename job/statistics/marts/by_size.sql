-- One row per bin of object size x run x named step: the plain mean over tasks of mean IoU in the bin, 0 to 1.
-- share_from, share_below: object pixels over image pixels, from (inclusive) and below (exclusive). The last bin holds 1.
-- tasks: how many have an object in the bin. cluster, clusters, low, high, interval_tasks, few_tasks: as in
-- measures_overall; interval_iou: the mean that the interval belongs to.
SELECT
    run.*,
    share_from,
    least(share_below, 1) AS share_below,
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
INNER JOIN size_bins USING (stratum)
INNER JOIN runs USING (run_index)
LEFT JOIN overall_intervals USING (over_tasks)
ORDER BY run, step, share_from
