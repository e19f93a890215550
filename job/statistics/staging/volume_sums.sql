-- One row per task x run x step x cluster of volumes: sums over its volumes of what their evaluated slices have together.
WITH

volumes AS (
    SELECT
        task_index,
        run_index,
        step,
        cluster_index,
        volume_index,
        sum(intersection_px) AS intersection_px,
        sum(union_px) AS union_px
    FROM scores
    INNER JOIN (SELECT object, volume_index FROM numbered_objects WHERE volume_index IS NOT NULL) USING (object)
    ANTI JOIN stopped_steps USING (task_index, run_index, step)
    GROUP BY ALL
)

SELECT
    task_index,
    run_index,
    step,
    cluster_index,
    count(*) AS volumes,
    sum(exact(intersection_px / union_px)) AS iou,
    sum(exact(2 * intersection_px / (union_px + intersection_px))) AS dice
FROM volumes
GROUP BY ALL
