-- One row per model x prompt x protocol x mask_choice x step: the plain mean of the task means, each task weighing the
-- same however many objects it has (as published). mean_iou, mean_dice: 0 to 1.
-- low, high: bootstrap by cluster with the tasks fixed; null if a task has fewer than two clusters.
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
        min(patients) AS fewest_patients,
        CAST(sum(CAST(mean_iou AS DECIMAL(38, 12))) AS DOUBLE) / count(*) AS mean_iou,
        CAST(sum(CAST(mean_dice AS DECIMAL(38, 12))) AS DOUBLE) / count(*) AS mean_dice,
        CAST(sum(CAST(failures AS DECIMAL(38, 12))) AS DOUBLE) / count(*) AS failures
    FROM task_scores
    GROUP BY ALL
),

final AS (
    SELECT
        model,
        prompt,
        protocol,
        mask_choice,
        step,
        tasks,
        objects,
        mean_iou,
        low,
        high,
        fewest_patients < 10 AS few_patients,
        failures,
        mean_dice
    FROM sums
    LEFT JOIN overall_intervals USING (model, prompt, protocol, mask_choice, step)
)

SELECT * FROM final
ORDER BY model, protocol, mask_choice, prompt, step
