-- One row per prompt x protocol x mask_choice x step: model against baseline over tasks, each task weighing the same.
-- low, high: interval of mean_difference, a bootstrap by cluster with the tasks fixed. tasks_won: how many task means
-- the model wins.
WITH

sums AS (
    SELECT
        model,
        baseline,
        prompt,
        protocol,
        mask_choice,
        step,
        count(*) AS tasks,
        CAST(sum(objects) AS BIGINT) AS objects,
        CAST(sum(CAST(model_iou AS DECIMAL(38, 12))) AS DOUBLE) / count(*) AS model_iou,
        CAST(sum(CAST(baseline_iou AS DECIMAL(38, 12))) AS DOUBLE) / count(*) AS baseline_iou,
        CAST(sum(CAST(mean_difference AS DECIMAL(38, 12))) AS DOUBLE) / count(*) AS mean_difference,
        CAST(sum(CAST(won AS DECIMAL(38, 12))) AS DOUBLE) / count(*) AS won,
        count(*) FILTER (mean_difference > 0) AS tasks_won,
        bool_or(few_patients) AS few_patients
    FROM comparison_by_task
    GROUP BY ALL
),

final AS (
    SELECT *
    FROM sums
    LEFT JOIN overall_difference_intervals USING (model, baseline, prompt, protocol, mask_choice, step)
)

SELECT * FROM final
ORDER BY model, protocol, mask_choice, prompt, step
