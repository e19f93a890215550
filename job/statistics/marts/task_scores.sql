-- One row per task x run x step, over the images that hold the object.
-- cluster: what the bootstrap draws, as the spec states it: `patient`, or `image` (each image or volume on its own).
-- mean_iou, mean_dice: 0 to 1. low, high: interval of mean_iou, a percentile bootstrap by cluster; null below two clusters.
-- few_patients: fewer than ten clusters. failures: share of objects with IoU below 0.5.
WITH

described AS (
    SELECT
        'iou' AS measure,
        dataset,
        task,
        run,
        step,
        count(*) AS objects,
        count(DISTINCT patient) AS patients,
        exact_mean(iou) AS mean_iou,
        exact_mean(dice) AS mean_dice,
        quantile_cont(iou, [0, 0.25, 0.5, 0.75, 1]) AS quantiles,
        count(*) FILTER (iou < 0.5) / count(*) AS failures
    FROM scores
    GROUP BY ALL
),

-- Squares about the mean, so that close values keep their digits; as decimals, so that the order of rows changes nothing.
spread AS (
    SELECT
        dataset,
        task,
        run,
        step,
        CAST(sum(CAST((scores.iou - described.mean_iou) ** 2 AS DECIMAL(38, 20))) AS DOUBLE) AS squares
    FROM scores
    INNER JOIN described USING (dataset, task, run, step)
    GROUP BY ALL
),

final AS (
    SELECT
        run,
        dataset,
        task,
        step,
        objects,
        patients,
        cluster,
        mean_iou,
        low,
        high,
        patients < 10 AS few_patients,
        sqrt(squares / nullif(objects - 1, 0)) AS sd_iou,
        quantiles[1] AS min_iou,
        quantiles[2] AS q1_iou,
        quantiles[3] AS median_iou,
        quantiles[4] AS q3_iou,
        quantiles[5] AS max_iou,
        failures,
        mean_dice
    FROM described
    INNER JOIN spread USING (dataset, task, run, step)
    INNER JOIN cells USING (measure, dataset, task, run, step)
    INNER JOIN cell_intervals USING (cell)
    LEFT JOIN clusters USING (dataset)
)

SELECT run.*, * EXCLUDE (run) FROM final
ORDER BY run, step, dataset, task
