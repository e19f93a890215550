-- One row per task x run x step of a model whose spec names a published column: its mean IoU beside the published one.
-- dataset: the published name; data sets that share one (`published_as`) are one data set here, over all their objects.
-- difference: ours minus published. Only modes and mazurowski2023 were published.
WITH

stopped AS (
    SELECT published_dataset, task, run_index, step
    FROM stopped_steps
    INNER JOIN tasks USING (task_index)
    INNER JOIN published_datasets USING (dataset)
),

means AS (
    SELECT
        published_datasets.published_dataset,
        tasks.task,
        runs.run,
        cluster_sums.step,
        CAST(sum(cluster_sums.objects) AS BIGINT) AS objects,
        CAST(sum(cluster_sums.iou) AS DOUBLE) / sum(cluster_sums.objects) AS mean_iou
    FROM step_sums AS cluster_sums
    INNER JOIN tasks USING (task_index)
    INNER JOIN runs USING (run_index)
    INNER JOIN published_datasets USING (dataset)
    ANTI JOIN stopped USING (published_dataset, task, run_index, step)
    GROUP BY ALL
),

final AS (
    SELECT
        means.run,
        published_models.published,
        published.dataset,
        means.task,
        means.step,
        means.objects,
        means.mean_iou,
        published.mean_iou AS published_iou,
        means.mean_iou - published.mean_iou AS difference
    FROM means
    INNER JOIN published_models ON published_models.model = means.run.model
    INNER JOIN published
        ON
            published_models.published = published.model
            AND means.published_dataset = published.dataset
            AND means.task = published.task
            AND means.run.protocol = published.protocol
            AND means.run.mask_choice = published.mask_choice
            AND means.run.prompt = published.prompt
            AND means.step = published.step
)

SELECT run.*, * EXCLUDE (run) FROM final
ORDER BY run, step, dataset, task
