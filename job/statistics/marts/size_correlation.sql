-- One row per run x named step x task, and one over tasks (dataset and task null): Spearman's rho of object size (share of
-- the image) and IoU within a task, and its mean over tasks by Fisher's z. tasks: how many have a correlation.
-- low, high: bootstrap by cluster, with the ranks of the whole sample; null below five clusters, in any of the tasks.
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
    CASE WHEN interval_tasks IS NULL OR interval_tasks = correlations.tasks THEN low END AS low,
    CASE WHEN interval_tasks IS NULL OR interval_tasks = correlations.tasks THEN high END AS high
FROM correlations
INNER JOIN rankings
    ON
        correlations.ranking = rankings.ranking
        AND correlations.task_index IS NOT DISTINCT FROM rankings.task_index
INNER JOIN runs USING (run_index)
LEFT JOIN tasks ON correlations.task_index = tasks.task_index
WHERE kind = 'size'
ORDER BY run, rankings.step, dataset NULLS FIRST, task
