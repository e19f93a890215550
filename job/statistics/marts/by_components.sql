-- One row per contiguity x model x prompt x protocol x mask_choice x step: mean IoU over objects of one component, and of
-- several (8-connected).
WITH

final AS (
    SELECT
        CASE WHEN components = 1 THEN 'one component' ELSE 'several components' END AS contiguity,
        model,
        prompt,
        protocol,
        mask_choice,
        step,
        count(*) AS objects,
        count(DISTINCT (dataset, patient)) AS patients,
        CAST(sum(CAST(iou AS DECIMAL(38, 12))) AS DOUBLE) / count(*) AS mean_iou
    FROM scores
    GROUP BY ALL
)

SELECT * FROM final
ORDER BY model, protocol, mask_choice, prompt, step, contiguity
