-- One row per bin of object size x run x step: mean IoU over objects, 0 to 1.
-- share_from, share_below: object pixels over image pixels, from (inclusive) and below (exclusive). The last bin holds 1.
WITH

bins (share_from, share_below) AS (
    VALUES (0.0, 0.001), (0.001, 0.005), (0.005, 0.01), (0.01, 0.05), (0.05, 0.2), (0.2, 1.1)
),

final AS (
    SELECT
        run,
        CAST(share_from AS DOUBLE) AS share_from,
        CAST(least(share_below, 1) AS DOUBLE) AS share_below,
        step,
        count(*) AS objects,
        count(DISTINCT (dataset, patient)) AS patients,
        exact_mean(iou) AS mean_iou
    FROM scores
    INNER JOIN bins ON object_share >= share_from AND object_share < share_below
    GROUP BY ALL
)

SELECT run.*, * EXCLUDE (run) FROM final
ORDER BY run, step, share_from
