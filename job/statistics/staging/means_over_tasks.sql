-- One row per row over tasks: the plain mean of its tasks' means. objects: what those are over. few_tasks: the tasks with too
-- few clusters for an interval. clusters, cluster: of the other tasks together, whose the interval is, or of all tasks
-- where none has enough; what they are, such as `image and patient`.
WITH

described AS (
    SELECT cells.*, dataset, task, cluster, cells.clusters >= fewest_clusters() AS has_interval
    FROM cells
    INNER JOIN tasks USING (task_index)
    ANTI JOIN stopped_rows USING (over_tasks)
),

means AS (
    SELECT
        over_tasks,
        count(*) AS tasks,
        CAST(sum(objects) AS BIGINT) AS objects,
        exact_mean(mean) AS mean,
        string_agg(dataset || ': ' || task, '; ' ORDER BY task_index) FILTER (NOT has_interval) AS few_tasks
    FROM described
    GROUP BY over_tasks
),

counted AS (
    SELECT
        over_tasks,
        string_agg(DISTINCT kept.cluster, ' and ' ORDER BY kept.cluster) AS cluster,
        count(DISTINCT (cohort, cluster_index)) AS clusters
    FROM (
        SELECT over_tasks, task_index, cluster FROM described
        QUALIFY has_interval OR NOT bool_or(has_interval) OVER (PARTITION BY over_tasks)
    ) AS kept
    INNER JOIN cell_sums USING (over_tasks, task_index)
    INNER JOIN tasks USING (task_index)
    GROUP BY over_tasks
)

SELECT *
FROM means
INNER JOIN counted USING (over_tasks)
