-- One row per ranking x task, and one over tasks (task_index null): what is ranked, and how many objects and clusters.
-- There is none over tasks where trajectories of a task had stopped at a target IoU.
WITH

counted AS (
    SELECT
        ranking,
        kind,
        run_index,
        step,
        task_index,
        CAST(sum(n) AS BIGINT) AS objects,
        count(DISTINCT (cohort_index, cluster_index)) AS clusters,
        string_agg(DISTINCT cluster, ' and ' ORDER BY cluster) AS cluster
    FROM rank_moments
    INNER JOIN tasks USING (task_index)
    INNER JOIN (SELECT DISTINCT cohort, cohort_index FROM clusters) USING (cohort)
    GROUP BY GROUPING SETS ((ranking, kind, run_index, step, task_index), (ranking, kind, run_index, step))
)

SELECT *
FROM counted
WHERE task_index IS NOT NULL OR (run_index, step) NOT IN (SELECT (run_index, step) FROM stopped_steps)
