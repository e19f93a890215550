-- One row per kind x task x run x named step x cluster: sums over the cluster's objects from which a rank correlation with
-- IoU is computed. kind: `size` (object_share) or `predicted` (predicted_iou, of models that predict it).
-- r, s: average ranks of the value and of IoU, from 1, over the objects of the task, run and step.
-- ranking: number of the kind, run and step, from 0 in their order.
WITH

ends AS (
    SELECT scores.*, object_share
    FROM scores
    INNER JOIN named_steps USING (run_index, step)
    ANTI JOIN stopped_steps USING (task_index, run_index, step)
    INNER JOIN (SELECT object, object_share FROM numbered_objects) USING (object)
),

paired AS (
    SELECT 'size' AS kind, task_index, run_index, step, cluster_index, object_share AS value, iou FROM ends
    UNION ALL
    SELECT 'predicted', task_index, run_index, step, cluster_index, predicted_iou, iou
    FROM ends
    WHERE predicted_iou IS NOT NULL
),

ranked AS (
    SELECT
        * EXCLUDE (value, iou),
        average_rank(value, (kind, task_index, run_index, step)) AS r,
        average_rank(iou, (kind, task_index, run_index, step)) AS s
    FROM paired
),

final AS (
    SELECT
        dense_rank() OVER (ORDER BY kind, run_index, step) - 1 AS ranking,
        kind,
        run_index,
        step,
        task_index,
        cluster_index,
        count(*) AS n,
        sum(r) AS sum_r,
        sum(s) AS sum_s,
        sum(r * r) AS sum_rr,
        sum(s * s) AS sum_ss,
        sum(r * s) AS sum_rs
    FROM ranked
    GROUP BY kind, run_index, step, task_index, cluster_index
)

SELECT * FROM final
ORDER BY ranking, task_index, cluster_index
