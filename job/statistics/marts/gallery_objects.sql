-- Up to three rows per task: its worst, its median and its best object, to look at. kind: which of them, `only` if the task
-- has one object. mean_iou: the mean over models of each model's mean over its runs, at their last step: runs of clicks, or
-- of modes where the study has no clicks. rank: by it, from the worst, of as many objects as all models of the task have
-- scored. Objects of the same mean are in the order of their keys.
WITH

ends AS (
    SELECT object, task_index, run_index, arg_max(iou, step) AS iou
    FROM scores
    GROUP BY ALL
),

of_models AS (
    SELECT object, task_index, model, exact_mean(iou) AS iou
    FROM ends
    INNER JOIN runs USING (run_index)
    WHERE has_clicks OR NOT (SELECT bool_or(has_clicks) FROM runs)
    GROUP BY object, task_index, model
),

of_objects AS (
    SELECT object, task_index, exact_mean(iou) AS mean_iou
    FROM of_models
    GROUP BY object, task_index
    QUALIFY count(*) = max(count(*)) OVER (PARTITION BY task_index)
),

ranked AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY task_index ORDER BY mean_iou, object) AS rank,
        count(*) OVER (PARTITION BY task_index) AS objects
    FROM of_objects
),

final AS (
    SELECT
        dataset,
        task,
        CASE
            WHEN objects = 1 THEN 'only'
            WHEN rank = objects THEN 'best'
            WHEN rank = 1 THEN 'worst'
            ELSE 'median'
        END AS kind,
        image,
        axis,
        slice,
        mean_iou,
        rank,
        objects
    FROM ranked
    INNER JOIN numbered_objects USING (object, task_index)
    WHERE rank IN (1, (objects + 1) // 2, objects)
)

SELECT * FROM final
ORDER BY dataset, task, rank
