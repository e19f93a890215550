-- One row per task x run x step x cluster: sums over the cluster's objects, at steps at which no trajectory had stopped.
-- precision_*: of objects with a prediction that is not empty. predicted_*: of models that predict their IoU.
SELECT
    task_index,
    run_index,
    step,
    cluster_index,
    count(*) AS objects,
    sum(exact(iou)) AS iou,
    sum(exact(dice)) AS dice,
    count(*) FILTER (iou < 0.5) AS failures,
    sum(exact(intersection_px / object_px)) AS sensitivity,
    sum(exact(intersection_px / nullif(union_px - object_px + intersection_px, 0))) AS precision_sum,
    count(nullif(union_px - object_px + intersection_px, 0)) AS precision_objects,
    sum(exact(predicted_iou - iou)) AS predicted_bias,
    sum(exact(abs(predicted_iou - iou))) AS predicted_error,
    count(predicted_iou) AS predicted_objects
FROM scores
ANTI JOIN stopped_steps USING (task_index, run_index, step)
GROUP BY ALL
