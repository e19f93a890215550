-- A row here is a trajectory that lacks a step: it has `rows` rows, where its run has `steps` steps in this data set.
WITH

trajectories AS (
    SELECT dataset, image, axis, slice, task, run_of(score) AS run, count(*) AS rows, min(step) AS first_step, max(step) AS last_step
    FROM iou AS score
    GROUP BY ALL
)

SELECT
    * EXCLUDE (first_step, last_step),
    max(last_step) OVER (PARTITION BY dataset, run) - min(first_step) OVER (PARTITION BY dataset, run) + 1 AS steps
FROM trajectories
QUALIFY rows <> steps
