-- One row per task x run x named step x stratum x cluster: the sum of IoU over the cluster's objects in the stratum.
-- stratum: a bin of object size, or one or several components (8-connected).
WITH

strata AS (
    SELECT object, stratum
    FROM numbered_objects
    INNER JOIN size_bins ON object_share >= share_from AND object_share < share_below
    UNION ALL
    SELECT object, CASE WHEN components = 1 THEN 'one component' ELSE 'several components' END AS stratum
    FROM numbered_objects
)

SELECT task_index, run_index, step, stratum, cluster_index, count(*) AS objects, sum(exact(iou)) AS iou
FROM scores
INNER JOIN named_steps USING (run_index, step)
ANTI JOIN stopped_steps USING (task_index, run_index, step)
INNER JOIN strata USING (object)
GROUP BY ALL
