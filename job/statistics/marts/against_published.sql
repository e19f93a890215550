-- One row per task x run x step of a model whose spec names a published column: its mean IoU beside the published one.
-- difference: ours minus published. Only modes and mazurowski2023 were published.
WITH

final AS (
    SELECT
        run_of(t) AS run,
        published_models.published,
        t.dataset,
        t.task,
        t.step,
        t.objects,
        t.mean_iou,
        published.mean_iou AS published_iou,
        t.mean_iou - published.mean_iou AS difference
    FROM task_scores AS t
    INNER JOIN published_models USING (model)
    INNER JOIN published
        ON
            published_models.published = published.model
            AND t.dataset = published.dataset
            AND t.task = published.task
            AND t.protocol = published.protocol
            AND t.mask_choice = published.mask_choice
            AND t.prompt = published.prompt
            AND t.step = published.step
)

SELECT run.*, * EXCLUDE (run) FROM final
ORDER BY run, step, dataset, task
