-- One row per model x protocol x mask_choice x seed x task, and one over tasks (dataset and task null): where the
-- baseline takes the lead for good. crossing: the first click from which the baseline's mean IoU is higher at every
-- click up to the last; null if there is none. clicks: how many were made.
WITH

means AS (
    SELECT run_of(t) AS run, baseline, dataset, task, step, model_iou, baseline_iou
    FROM comparison_by_task AS t
    WHERE protocol <> 'one-shot'
    UNION ALL
    SELECT run_of(t) AS run, baseline, NULL, NULL, step, model_iou, baseline_iou
    FROM comparison_overall AS t
    WHERE protocol <> 'one-shot'
),

-- The last click at which the baseline is not ahead; what comes after it is the crossing.
last_behind AS (
    SELECT
        run,
        baseline,
        dataset,
        task,
        max(step) AS clicks,
        coalesce(max(step) FILTER (baseline_iou <= model_iou), 0) AS behind
    FROM means
    GROUP BY ALL
),

final AS (
    SELECT * EXCLUDE (behind), CASE WHEN behind < clicks THEN behind + 1 END AS crossing
    FROM last_behind
)

SELECT run.* EXCLUDE (prompt), * EXCLUDE (run) FROM final
ORDER BY run, dataset NULLS FIRST, task
