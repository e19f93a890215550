-- One row per task x model x protocol x mask_choice x IoU level, and one over tasks (dataset and task null): the number
-- of clicks to reach the level (NoC). limit: the clicks that were run; an object that never reached it counts as the
-- limit. reached_limit: objects that count as the limit, success on the last click included (the published habit);
-- never_reached: objects that never reached the level. Compared in double: a FLOAT 0.9 is below 0.9.
WITH

trajectories AS (
    SELECT
        dataset,
        image,
        axis,
        slice,
        task,
        model,
        protocol,
        mask_choice,
        level,
        max(step) AS limit_clicks,
        min(step) FILTER (iou >= level) AS first_click
    FROM scores
    CROSS JOIN levels
    WHERE protocol <> 'one-shot'
    GROUP BY ALL
),

by_task AS (
    SELECT
        dataset,
        task,
        model,
        protocol,
        mask_choice,
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
        NULL,
        NULL,
        model,
        protocol,
        mask_choice,
        level,
        max(clicks),
        CAST(sum(objects) AS BIGINT),
        CAST(sum(CAST(noc AS DECIMAL(38, 12))) AS DOUBLE) / count(*),
        CAST(sum(reached_limit) AS BIGINT),
        CAST(sum(never_reached) AS BIGINT)
    FROM by_task
    GROUP BY model, protocol, mask_choice, level
)

SELECT * FROM final
ORDER BY model, protocol, mask_choice, level, dataset NULLS FIRST, task
