-- One row per bin of object size x model x prompt x protocol x mask_choice x step: mean IoU over objects.
-- share_from, share_below: object pixels over image pixels.
WITH

bins (share_from, share_below) AS (
    VALUES (0.0, 0.001), (0.001, 0.005), (0.005, 0.01), (0.01, 0.05), (0.05, 0.2), (0.2, 1.1)
),

final AS (
    SELECT
        CAST(share_from AS DOUBLE) AS share_from,
        CAST(least(share_below, 1) AS DOUBLE) AS share_below,
        model,
        prompt,
        protocol,
        mask_choice,
        step,
        count(*) AS objects,
        count(DISTINCT (dataset, patient)) AS patients,
        CAST(sum(CAST(iou AS DECIMAL(38, 12))) AS DOUBLE) / count(*) AS mean_iou
    FROM scores
    INNER JOIN bins ON object_share >= share_from AND object_share < share_below
    GROUP BY ALL
)

SELECT * FROM final
ORDER BY model, protocol, mask_choice, prompt, step, share_from
