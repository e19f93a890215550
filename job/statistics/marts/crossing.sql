-- One row per protocol x mask_choice x task, and one over tasks (dataset and task null): the first click from which the
-- baseline's mean is higher up to the last click; null if there is none. clicks: how many were made.
WITH

means AS (
    SELECT dataset, task, model, baseline, protocol, mask_choice, step, model_iou, baseline_iou
    FROM comparison_by_task
    WHERE protocol <> 'one-shot'
    UNION ALL
    SELECT NULL, NULL, model, baseline, protocol, mask_choice, step, model_iou, baseline_iou
    FROM comparison_overall
    WHERE protocol <> 'one-shot'
),

-- The last click at which the baseline is not ahead; what comes after it is the crossing.
last_behind AS (
    SELECT
        dataset,
        task,
        model,
        baseline,
        protocol,
        mask_choice,
        max(step) AS clicks,
        coalesce(max(step) FILTER (baseline_iou <= model_iou), 0) AS behind
    FROM means
    GROUP BY ALL
),

final AS (
    SELECT * EXCLUDE (behind), CASE WHEN behind < clicks THEN behind + 1 END AS crossing
    FROM last_behind
)

SELECT * FROM final
ORDER BY model, protocol, mask_choice, dataset NULLS FIRST, task
