-- One row per task x prompt x protocol x mask_choice x step of a model whose spec names a published column: its mean
-- IoU beside the published one. difference: ours minus published. Only modes and mazurowski2023 were published.
WITH

final AS (
    SELECT
        task_scores.dataset,
        task_scores.task,
        task_scores.model,
        published_models.published,
        task_scores.prompt,
        task_scores.protocol,
        task_scores.mask_choice,
        task_scores.step,
        task_scores.objects,
        task_scores.mean_iou,
        published.mean_iou AS published_iou,
        task_scores.mean_iou - published.mean_iou AS difference
    FROM task_scores
    INNER JOIN published_models ON task_scores.model = published_models.model
    INNER JOIN published
        ON
            published_models.published = published.model
            AND task_scores.dataset = published.dataset
            AND task_scores.task = published.task
            AND task_scores.prompt = published.prompt
            AND task_scores.protocol = published.protocol
            AND task_scores.mask_choice = published.mask_choice
            AND task_scores.step = published.step
)

SELECT * FROM final
ORDER BY model, protocol, mask_choice, prompt, step, dataset, task
