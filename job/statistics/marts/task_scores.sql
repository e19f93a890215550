-- One row per task x run x step, over the images that hold the object.
-- cluster: what the bootstrap draws, as the spec states it: `patient`, or `volume` or `image`. clusters: how many have the
-- object. mean_iou, mean_dice: 0 to 1; null where trajectories had stopped at a target IoU. low, high: interval of
-- mean_iou by clusters, as bounded.py has it; null below five clusters. lost_resamples: those in which no
-- cluster has the object. failures: share of objects with IoU below 0.5.
WITH

described AS (
    SELECT
        task_index,
        run_index,
        step,
        count(*) AS objects,
        count(DISTINCT cluster_index) AS clusters,
        exact_mean(iou) AS mean_iou,
        quantile_cont(iou, [0, 0.25, 0.5, 0.75, 1]) AS quantiles,
        bool_or(stopped) AS stopped
    FROM scores
    GROUP BY ALL
),

-- Squares about the mean, so that close values keep their digits; as decimals, so that the order of rows changes nothing.
spread AS (
    SELECT
        task_index,
        run_index,
        step,
        CAST(sum(CAST((scores.iou - described.mean_iou) ** 2 AS DECIMAL(38, 20))) AS DOUBLE) AS squares
    FROM scores
    INNER JOIN described USING (task_index, run_index, step)
    GROUP BY ALL
),

others AS (
    SELECT
        task_index,
        run_index,
        step,
        any_value(mean) FILTER (measure = 'dice') AS mean_dice,
        any_value(mean) FILTER (measure = 'failures') AS failures,
        any_value(low) FILTER (measure = 'iou') AS low,
        any_value(high) FILTER (measure = 'iou') AS high,
        any_value(lost_resamples) FILTER (measure = 'iou') AS lost_resamples
    FROM cells
    INNER JOIN rows_over_tasks USING (over_tasks)
    LEFT JOIN intervals USING (over_tasks, task_index)
    WHERE stratum = '' AND run_index IS NOT NULL AND measure IN ('iou', 'dice', 'failures')
    GROUP BY ALL
),

final AS (
    SELECT
        run,
        dataset,
        task,
        step,
        objects,
        cluster,
        clusters,
        CASE WHEN NOT stopped THEN mean_iou END AS mean_iou,
        low,
        high,
        lost_resamples,
        CASE WHEN NOT stopped THEN sqrt(squares / nullif(objects - 1, 0)) END AS sd_iou,
        CASE WHEN NOT stopped THEN quantiles[1] END AS min_iou,
        CASE WHEN NOT stopped THEN quantiles[2] END AS q1_iou,
        CASE WHEN NOT stopped THEN quantiles[3] END AS median_iou,
        CASE WHEN NOT stopped THEN quantiles[4] END AS q3_iou,
        CASE WHEN NOT stopped THEN quantiles[5] END AS max_iou,
        failures,
        mean_dice
    FROM described
    INNER JOIN spread USING (task_index, run_index, step)
    INNER JOIN tasks USING (task_index)
    INNER JOIN runs USING (run_index)
    LEFT JOIN others USING (task_index, run_index, step)
)

SELECT run.*, * EXCLUDE (run) FROM final
ORDER BY run, step, dataset, task
