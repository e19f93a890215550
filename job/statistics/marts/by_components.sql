-- One row per contiguity x run x step: mean IoU, 0 to 1, over objects of one component, and of several (8-connected).
WITH

final AS (
    SELECT
        run,
        CASE WHEN components = 1 THEN 'one component' ELSE 'several components' END AS contiguity,
        step,
        count(*) AS objects,
        count(DISTINCT (dataset, patient)) AS patients,
        exact_mean(iou) AS mean_iou
    FROM scores
    GROUP BY ALL
)

SELECT run.*, * EXCLUDE (run) FROM final
ORDER BY run, step, contiguity
