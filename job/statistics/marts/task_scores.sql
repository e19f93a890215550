-- One row per task x model x prompt x protocol x mask_choice x step, over the images that hold the object.
-- iou and dice: 0 to 1. failures: share of objects with IoU below 0.5. low, high: interval of mean_iou, a percentile
-- bootstrap by cluster; null below two clusters. few_patients: fewer than ten. cluster: what is drawn, as the spec
-- states it: patients, or each image or volume on its own.
WITH

described AS (
    SELECT
        dataset,
        task,
        model,
        prompt,
        protocol,
        mask_choice,
        step,
        count(*) AS objects,
        count(DISTINCT patient) AS patients,
        CAST(sum(CAST(iou AS DECIMAL(38, 12))) AS DOUBLE) / count(*) AS mean_iou,
        CAST(sum(CAST(dice AS DECIMAL(38, 12))) AS DOUBLE) / count(*) AS mean_dice,
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
        model,
        prompt,
        protocol,
        mask_choice,
        step,
        sqrt(CAST(sum(CAST((scores.iou - described.mean_iou) ** 2 AS DECIMAL(38, 20))) AS DOUBLE) / nullif(count(*) - 1, 0))
            AS sd_iou
    FROM scores
    INNER JOIN described USING (dataset, task, model, prompt, protocol, mask_choice, step)
    GROUP BY ALL
),

final AS (
    SELECT
        dataset,
        task,
        model,
        prompt,
        protocol,
        mask_choice,
        step,
        objects,
        patients,
        cluster,
        mean_iou,
        low,
        high,
        patients < 10 AS few_patients,
        sd_iou,
        quantiles[1] AS min_iou,
        quantiles[2] AS q1_iou,
        quantiles[3] AS median_iou,
        quantiles[4] AS q3_iou,
        quantiles[5] AS max_iou,
        failures,
        mean_dice
    FROM described
    INNER JOIN spread USING (dataset, task, model, prompt, protocol, mask_choice, step)
    LEFT JOIN score_intervals USING (dataset, task, model, prompt, protocol, mask_choice, step)
    LEFT JOIN clusters USING (dataset)
)

SELECT * FROM final
ORDER BY model, protocol, mask_choice, prompt, step, dataset, task
