-- One row per row over tasks that has no mean, because trajectories of a task had stopped at a target IoU: of scores by
-- click and of what is computed from them. The numbers of clicks needed are known all the same.
WITH

stopped AS (
    SELECT DISTINCT run_index, step FROM stopped_steps
)

SELECT over_tasks
FROM rows_over_tasks
SEMI JOIN stopped USING (run_index, step)
WHERE NOT regexp_matches(measure, '^(NoC|never-reached|reached-limit)')
UNION
SELECT over_tasks
FROM rows_over_tasks
INNER JOIN pairs USING (pair_index)
INNER JOIN stopped
    ON
        (pairs.of_run = stopped.run_index AND pairs.of_step = stopped.step)
        OR (pairs.minus_run = stopped.run_index AND pairs.minus_step = stopped.step)
WHERE NOT regexp_matches(measure, '^(NoC|never-reached|reached-limit)')
