-- One row per object x run of clicks: what is computed from its whole trajectory. clicks: the limit, how many were made.
-- auc: mean IoU of clicks 1 to the last; auc_trapezoid: the same by the trapezoidal rule over clicks 1 to the last.
-- ious: IoU by click. stopped: it ended at a target IoU.
WITH

gathered AS (
    SELECT
        object,
        task_index,
        cluster_index,
        run_index,
        max(step) AS clicks,
        list(iou ORDER BY step) AS ious,
        CAST(sum(exact(iou)) AS DOUBLE) AS total,
        bool_or(stopped) AS stopped
    FROM scores
    INNER JOIN runs USING (run_index)
    WHERE has_clicks
    GROUP BY ALL
),

final AS (
    SELECT
        *,
        total / clicks AS auc,
        CASE WHEN clicks > 1 THEN (total - (ious[1] + ious[-1]) / 2) / (clicks - 1) ELSE total END AS auc_trapezoid,
        ious[-1] - ious[1] AS gain,
        ious[-1] < ious[1] AS worse
    FROM gathered
)

SELECT * EXCLUDE (total) FROM final
