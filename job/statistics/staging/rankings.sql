-- One row per ranking x task, and one over tasks (task_index null): what is ranked, how many objects, and how many clusters:
-- over tasks, of those that have an interval, or of all where none has. There is none over tasks where trajectories of a
-- task had stopped at a target IoU.
WITH

by_task AS (
    SELECT
        ranking,
        kind,
        run_index,
        step,
        task_index,
        cluster,
        CAST(sum(n) AS BIGINT) AS objects,
        count(*) AS clusters,
        count(*) >= fewest_clusters() AS has_interval
    FROM rank_moments
    INNER JOIN tasks USING (task_index)
    GROUP BY ALL
),

counted AS (
    SELECT
        ranking,
        string_agg(DISTINCT kept.cluster, ' and ' ORDER BY kept.cluster) AS cluster,
        count(DISTINCT (cohort, cluster_index)) AS clusters
    FROM (
        SELECT ranking, task_index, cluster FROM by_task
        QUALIFY has_interval OR NOT bool_or(has_interval) OVER (PARTITION BY ranking)
    ) AS kept
    INNER JOIN rank_moments USING (ranking, task_index)
    INNER JOIN tasks USING (task_index)
    GROUP BY ranking
)

SELECT ranking, kind, run_index, step, task_index, objects, clusters, cluster
FROM by_task
UNION ALL
SELECT ranking, kind, run_index, step, NULL, CAST(sum(objects) AS BIGINT), any_value(counted.clusters), any_value(counted.cluster)
FROM by_task
INNER JOIN counted USING (ranking)
WHERE (run_index, step) NOT IN (SELECT (run_index, step) FROM stopped_steps)
GROUP BY ranking, kind, run_index, step
