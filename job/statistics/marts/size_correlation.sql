-- One row per run x named step x task, and one over tasks (dataset and task null): Spearman's rho of object size (share of
-- the image) and IoU within a task, and its mean over tasks by Fisher's z. tasks: how many have a correlation;
-- interval_tasks: how many have an interval as well. low, high: bootstrap by cluster, with the ranks of the whole sample;
-- null below five clusters.
SELECT
    run.*,
    dataset,
    task,
    rankings.step,
    correlations.tasks,
    objects,
    rankings.cluster,
    clusters,
    rho,
    low,
    high,
    interval_tasks
FROM correlations
INNER JOIN rankings
    ON
        correlations.ranking = rankings.ranking
        AND correlations.task_index IS NOT DISTINCT FROM rankings.task_index
INNER JOIN runs USING (run_index)
LEFT JOIN tasks ON correlations.task_index = tasks.task_index
WHERE kind = 'size'
ORDER BY run, rankings.step, dataset NULLS FIRST, task
