-- One row per model x prompt x protocol x mask_choice x step: the plain mean of the task means, each task weighing the
-- same however many objects it has (as published). mean_iou, mean_dice: 0 to 1.
WITH

sums AS (
    SELECT
        model,
        prompt,
        protocol,
        mask_choice,
        step,
        count(*) AS tasks,
        CAST(sum(objects) AS BIGINT) AS objects,
        sum(CAST(mean_iou AS DECIMAL(38, 12))) AS sum_iou,
        sum(CAST(mean_dice AS DECIMAL(38, 12))) AS sum_dice
    FROM task_means
    GROUP BY ALL
),

final AS (
    SELECT
        * EXCLUDE (sum_iou, sum_dice),
        CAST(sum_iou AS DOUBLE) / tasks AS mean_iou,
        CAST(sum_dice AS DOUBLE) / tasks AS mean_dice
    FROM sums
)

SELECT * FROM final
ORDER BY model, protocol, mask_choice, prompt, step
