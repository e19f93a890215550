-- One row per run x named step x bin of predicted IoU, over all objects: ten bins of equal width from 0 to 1; what is
-- predicted below 0 or above 1 is in the first or the last. predicted_from, predicted_below: the bin, from (inclusive) and
-- below (exclusive; the last bin holds 1). mean_predicted, mean_iou: over the objects of the bin.
WITH

binned AS (
    SELECT run_index, step, predicted_iou, iou, least(greatest(floor(predicted_iou * 10), 0), 9) AS bin
    FROM scores
    INNER JOIN named_steps USING (run_index, step)
    ANTI JOIN stopped_steps USING (run_index, step)
    WHERE predicted_iou IS NOT NULL
),

final AS (
    SELECT
        run_index,
        step,
        bin / 10 AS predicted_from,
        (bin + 1) / 10 AS predicted_below,
        count(*) AS objects,
        exact_mean(predicted_iou) AS mean_predicted,
        exact_mean(iou) AS mean_iou
    FROM binned
    GROUP BY ALL
)

SELECT run.*, final.* EXCLUDE (run_index)
FROM final
INNER JOIN runs USING (run_index)
ORDER BY run, step, predicted_from
