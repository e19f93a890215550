-- One row per task x model x protocol x mask_choice x prompt x step, and one over tasks (dataset and task null): mean IoU
-- of each seed, compared between seeds. seeds: their number. mean_iou: mean over the seeds; lowest, highest: of one seed;
-- all 0 to 1. sd_iou: sample standard deviation between seeds; null for one seed. All are null where the mean of a seed is.
WITH

means AS (
    SELECT model, protocol, mask_choice, prompt, seed, dataset, task, step, mean_iou
    FROM task_scores
    UNION ALL
    SELECT model, protocol, mask_choice, prompt, seed, NULL, NULL, step, mean_iou
    FROM overall_scores
),

final AS (
    SELECT
        model,
        protocol,
        mask_choice,
        prompt,
        dataset,
        task,
        step,
        count(*) AS seeds,
        CASE WHEN bool_and(mean_iou IS NOT NULL) THEN exact_mean(mean_iou) END AS mean_iou,
        CASE WHEN bool_and(mean_iou IS NOT NULL) THEN stddev_samp(mean_iou ORDER BY seed) END AS sd_iou,
        CASE WHEN bool_and(mean_iou IS NOT NULL) THEN min(mean_iou) END AS lowest,
        CASE WHEN bool_and(mean_iou IS NOT NULL) THEN max(mean_iou) END AS highest
    FROM means
    GROUP BY ALL
)

SELECT * FROM final
ORDER BY model, protocol, mask_choice, prompt, step, dataset NULLS FIRST, task
