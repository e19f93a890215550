-- One row per row over tasks: the plain mean of its tasks' means. objects: what those are over. clusters: of all tasks
-- together. cluster: what they are, such as `image and patient`. few_tasks: the tasks with too few clusters for an interval.
WITH

counted AS (
    SELECT over_tasks, count(DISTINCT (cohort_index, cluster_index)) AS clusters
    FROM cell_sums
    INNER JOIN tasks USING (task_index)
    INNER JOIN (SELECT DISTINCT cohort, cohort_index FROM clusters) USING (cohort)
    GROUP BY over_tasks
),

means AS (
    SELECT
        over_tasks,
        count(*) AS tasks,
        CAST(sum(objects) AS BIGINT) AS objects,
        exact_mean(mean) AS mean,
        string_agg(DISTINCT cluster, ' and ' ORDER BY cluster) AS cluster,
        string_agg(dataset || ': ' || task, '; ' ORDER BY task_index) FILTER (cells.clusters < fewest_clusters())
            AS few_tasks
    FROM cells
    INNER JOIN tasks USING (task_index)
    ANTI JOIN stopped_rows USING (over_tasks)
    GROUP BY over_tasks
)

SELECT *
FROM means
INNER JOIN counted USING (over_tasks)
