-- One row per task x run x named step: how IoU is spread over the objects, 0 to 1. mean_iou, low, high, q1_iou, median_iou,
-- q3_iou, failures: as in task_scores. p05_iou, p95_iou: the quantiles of 5 and 95 per cent, linear between objects.
-- published_iou: the published mean where the spec names a published column; null elsewhere. Where a trajectory had
-- stopped at a target IoU there is no row.
WITH

spread AS (
    SELECT task_index, run_index, step, quantile_cont(iou, [0.05, 0.95]) AS quantiles
    FROM scores
    INNER JOIN named_steps USING (run_index, step)
    ANTI JOIN stopped_steps USING (task_index, run_index, step)
    GROUP BY ALL
),

beside AS (
    SELECT
        published_datasets.dataset,
        against.task,
        run_of(against) AS run,
        against.step,
        against.published_iou
    FROM against_published AS against
    INNER JOIN published_datasets ON against.dataset = published_datasets.published_dataset
),

final AS (
    SELECT
        runs.run,
        scored.dataset,
        scored.task,
        scored.step,
        scored.objects,
        scored.cluster,
        scored.clusters,
        scored.mean_iou,
        scored.low,
        scored.high,
        quantiles[1] AS p05_iou,
        scored.q1_iou,
        scored.median_iou,
        scored.q3_iou,
        quantiles[2] AS p95_iou,
        scored.failures,
        beside.published_iou
    FROM spread
    INNER JOIN runs USING (run_index)
    INNER JOIN tasks USING (task_index)
    INNER JOIN task_scores AS scored
        ON
            runs.run = run_of(scored)
            AND spread.step = scored.step
            AND tasks.dataset = scored.dataset
            AND tasks.task = scored.task
    LEFT JOIN beside
        ON
            runs.run = beside.run
            AND spread.step = beside.step
            AND tasks.dataset = beside.dataset
            AND tasks.task = beside.task
)

SELECT run.*, * EXCLUDE (run) FROM final
ORDER BY run, step, dataset, task
