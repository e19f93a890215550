-- One row per modality x model x prompt x protocol x mask_choice x step: the plain mean of its task means.
WITH

modalities AS (
    SELECT DISTINCT dataset, modality FROM objects
),

final AS (
    SELECT
        modality,
        model,
        prompt,
        protocol,
        mask_choice,
        step,
        count(*) AS tasks,
        CAST(sum(objects) AS BIGINT) AS objects,
        CAST(sum(CAST(mean_iou AS DECIMAL(38, 12))) AS DOUBLE) / count(*) AS mean_iou
    FROM task_scores
    INNER JOIN modalities USING (dataset)
    GROUP BY ALL
)

SELECT * FROM final
ORDER BY model, protocol, mask_choice, prompt, step, modality
