-- One row per modality x run x step: the plain mean of its task means, 0 to 1.
WITH

modalities AS (
    SELECT DISTINCT dataset, modality FROM objects
),

final AS (
    SELECT
        run_of(t) AS run,
        modality,
        step,
        count(*) AS tasks,
        CAST(sum(objects) AS BIGINT) AS objects,
        exact_mean(mean_iou) AS mean_iou
    FROM task_scores AS t
    INNER JOIN modalities USING (dataset)
    GROUP BY ALL
)

SELECT run.*, * EXCLUDE (run) FROM final
ORDER BY run, step, modality
