-- One row per run of clicks x click (step) x IoU level: the share of objects that reached the level by the click, or by the
-- box that the protocol begins with (step 0), the plain mean of the tasks' shares; null where a trajectory stopped at a target
-- IoU below the level. level: 0.5 to 0.95 by 0.05.
WITH

curve AS (
    SELECT CAST(percent / 100 AS DOUBLE) AS level FROM range(50, 100, 5) AS r (percent)
),

first_clicks AS (
    SELECT
        task_index,
        run_index,
        level,
        stopped,
        first_click(box_iou, ious, level) AS first_click
    FROM trajectories
    CROSS JOIN curve
),

counted AS (
    SELECT
        task_index,
        run_index,
        level,
        first_click,
        count(*) AS objects,
        bool_or(stopped AND first_click IS NULL) AS unknown
    FROM first_clicks
    GROUP BY ALL
),

shares AS (
    SELECT
        task_index,
        run_index,
        level,
        steps.step,
        sum(objects) FILTER (first_click <= steps.step) / sum(objects) AS share,
        bool_or(unknown) AS unknown
    FROM counted
    INNER JOIN (SELECT DISTINCT run_index, step FROM scores) AS steps
        USING (run_index)
    GROUP BY ALL
),

final AS (
    SELECT run_index, step, level, count(*) AS tasks, CASE WHEN NOT bool_or(unknown) THEN exact_mean(coalesce(share, 0)) END AS reached
    FROM shares
    GROUP BY ALL
)

SELECT run.*, final.* EXCLUDE (run_index)
FROM final
INNER JOIN runs USING (run_index)
ORDER BY run, step, level
