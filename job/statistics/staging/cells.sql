-- One row per row over tasks x task: the mean of a measure. objects: what it is over: objects, volumes or patients.
-- clusters: patients, volumes or images with such an object.
SELECT
    over_tasks,
    task_index,
    CAST(sum(objects) AS BIGINT) AS objects,
    count(*) AS clusters,
    CAST(sum(total) AS DOUBLE) / sum(objects) AS mean
FROM cell_sums
GROUP BY ALL
ORDER BY over_tasks, task_index
