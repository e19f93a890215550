-- One row per model x protocol x mask_choice x seed x task x IoU level, and one over tasks (dataset and task null): the
-- number of clicks to reach the level (NoC). clicks: the limit, how many were made. noc: mean over objects; an object
-- that never reached the level counts as the limit. reached_limit: objects that count as the limit, success on the last
-- click included (the published habit); never_reached: objects that never reached the level.
-- IoU and level are compared as doubles: a FLOAT 0.9 is below 0.9.
WITH

trajectories AS (
    SELECT
        dataset,
        image,
        axis,
        slice,
        task,
        run,
        level,
        max(step) AS limit_clicks,
        min(step) FILTER (iou >= level) AS first_click
    FROM scores
    CROSS JOIN levels
    WHERE run.protocol <> 'one-shot'
    GROUP BY ALL
),

by_task AS (
    SELECT
        run,
        dataset,
        task,
        level,
        max(limit_clicks) AS clicks,
        count(*) AS objects,
        sum(coalesce(first_click, limit_clicks)) / count(*) AS noc,
        count(*) FILTER (coalesce(first_click, limit_clicks) = limit_clicks) AS reached_limit,
        count(*) FILTER (first_click IS NULL) AS never_reached
    FROM trajectories
    GROUP BY ALL
),

final AS (
    SELECT * FROM by_task
    UNION ALL
    SELECT
        run,
        NULL,
        NULL,
        level,
        max(clicks),
        CAST(sum(objects) AS BIGINT),
        exact_mean(noc),
        CAST(sum(reached_limit) AS BIGINT),
        CAST(sum(never_reached) AS BIGINT)
    FROM by_task
    GROUP BY run, level
)

SELECT run.* EXCLUDE (prompt), * EXCLUDE (run) FROM final
ORDER BY run, level, dataset NULLS FIRST, task
