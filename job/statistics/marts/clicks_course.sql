-- One row per model x protocol x mask_choice x seed x task, and one over tasks (dataset and task null): mean IoU over the
-- clicks. clicks: how many were made. auc: mean of the means at clicks 1 to the last. first_iou, last_iou: mean IoU at
-- the first and the last click; gain: last minus first; worse: the last is below the first. best_click: the click of the
-- highest mean, the earliest of equals.
WITH

means AS (
    SELECT run_of(t) AS run, dataset, task, step, mean_iou
    FROM task_scores AS t
    WHERE protocol <> 'one-shot'
    UNION ALL
    SELECT run_of(t) AS run, NULL, NULL, step, mean_iou
    FROM overall_scores AS t
    WHERE protocol <> 'one-shot'
),

course AS (
    SELECT
        run,
        dataset,
        task,
        max(step) AS clicks,
        exact_mean(mean_iou) AS auc,
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

SELECT run.* EXCLUDE (prompt), * EXCLUDE (run) FROM final
ORDER BY run, dataset NULLS FIRST, task
