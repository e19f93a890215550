-- One row per task x model x prompt x protocol x mask_choice x step: the mean over the images that hold the object.
-- mean_iou, mean_dice: 0 to 1. Sums are exact decimals, so that no figure changes with the order of rows.
WITH

sums AS (
    SELECT
        dataset,
        task,
        model,
        prompt,
        protocol,
        mask_choice,
        step,
        count(*) AS objects,
        sum(CAST(iou AS DECIMAL(38, 12))) AS sum_iou,
        sum(CAST(dice AS DECIMAL(38, 12))) AS sum_dice
    FROM scores
    GROUP BY ALL
),

final AS (
    SELECT
        * EXCLUDE (sum_iou, sum_dice),
        CAST(sum_iou AS DOUBLE) / objects AS mean_iou,
        CAST(sum_dice AS DOUBLE) / objects AS mean_dice
    FROM sums
)

SELECT * FROM final
ORDER BY model, protocol, mask_choice, prompt, step, dataset, task
