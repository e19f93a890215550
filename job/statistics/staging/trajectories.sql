-- One row per object x run of clicks: what is computed from its whole trajectory. clicks: the limit, how many were made. The
-- box that a protocol begins with is no click, and has part in nothing but box_iou.
-- auc: mean IoU of clicks 1 to the last; auc_trapezoid, dice_auc_trapezoid: of IoU and Dice by the trapezoidal rule over
-- clicks 1 to the last. ious: IoU by click. box_iou: that of the box, null without one. stopped: it ended at a target IoU.
WITH

gathered AS (
    SELECT
        object,
        task_index,
        cluster_index,
        run_index,
        max(step) AS clicks,
        list(iou ORDER BY step) FILTER (step > 0) AS ious,
        list(dice ORDER BY step) FILTER (step > 0) AS dices,
        any_value(iou) FILTER (step = 0) AS box_iou,
        bool_or(stopped) AS stopped
    FROM scores
    INNER JOIN runs USING (run_index)
    WHERE has_clicks
    GROUP BY ALL
),

final AS (
    SELECT
        *,
        total(ious) / clicks AS auc,
        trapezoid(ious) AS auc_trapezoid,
        trapezoid(dices) AS dice_auc_trapezoid,
        ious[-1] - ious[1] AS gain,
        ious[-1] < ious[1] AS worse
    FROM gathered
)

SELECT * EXCLUDE (dices) FROM final
