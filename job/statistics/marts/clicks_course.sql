-- One row per task x model x protocol x mask_choice, and one over tasks (dataset and task null): how mean IoU runs over
-- the clicks. auc: mean of the means at clicks 1 to K. gain: last click minus first. worse: the last mean is below the
-- first. best_click: the click of the highest mean, the first of equals.
WITH

means AS (
    SELECT dataset, task, model, protocol, mask_choice, step, mean_iou
    FROM task_scores
    WHERE protocol <> 'one-shot'
    UNION ALL
    SELECT NULL, NULL, model, protocol, mask_choice, step, mean_iou
    FROM overall_scores
    WHERE protocol <> 'one-shot'
),

course AS (
    SELECT
        dataset,
        task,
        model,
        protocol,
        mask_choice,
        max(step) AS clicks,
        CAST(sum(CAST(mean_iou AS DECIMAL(38, 12))) AS DOUBLE) / count(*) AS auc,
        arg_min(mean_iou, step) AS first_iou,
        arg_max(mean_iou, step) AS last_iou,
        arg_max(step, (mean_iou, -step)) AS best_click
    FROM means
    GROUP BY ALL
),

final AS (
    SELECT *, last_iou - first_iou AS gain, last_iou < first_iou AS worse
    FROM course
)

SELECT * FROM final
ORDER BY model, protocol, mask_choice, dataset NULLS FIRST, task
