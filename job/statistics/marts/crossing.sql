-- One row per contrast x model x protocol x mask_choice x seed x task, and one over tasks (dataset and task null): where
-- the baseline takes the lead for good, among clicks 1 to the last. clicks: how many were made. cluster, clusters: as in
-- task_scores; few_tasks: the tasks with too few clusters, which have no part in the resamples over tasks. baseline,
-- baseline_protocol, baseline_choice, baseline_seed: the side that is subtracted.
-- crossing: the first click from which the baseline's mean IoU is higher at every click up to the last; null if there is
-- none. median_crossing, low_crossing, high_crossing: over the resamples, null beyond the last click. without: share of
-- resamples without a crossing, 0 to 1.
-- ahead: the model whose lead is held by a simultaneous interval over the clicks, from click ahead_from to the last, with
-- protocol and mask choice if both sides are one model; null if neither is. All but the crossing itself is null where there is no interval. A series that had stopped at a target IoU
-- at some click has no row.
WITH

series AS (
    SELECT DISTINCT
        series_index,
        contrast,
        run.* EXCLUDE (prompt),
        baseline,
        baseline_protocol,
        baseline_choice,
        baseline_seed
    FROM sides
    WHERE series_index IS NOT NULL
),

differences AS (
    SELECT over_tasks, task_index, cluster, clusters, NULL AS few_tasks, mean
    FROM cells
    INNER JOIN tasks USING (task_index)
    UNION ALL
    SELECT over_tasks, NULL, cluster, clusters, few_tasks, mean
    FROM means_over_tasks
),

-- The last click at which the baseline is not ahead; what comes after it is the crossing.
course AS (
    SELECT
        series_index,
        task_index,
        any_value(series_steps) AS clicks,
        any_value(cluster) AS cluster,
        min(clusters) AS clusters,
        any_value(few_tasks) AS few_tasks,
        count(*) AS known_clicks,
        coalesce(max(step) FILTER (round(mean, 9) >= 0), 0) AS behind
    FROM differences
    INNER JOIN rows_over_tasks USING (over_tasks)
    WHERE series_index IS NOT NULL
    GROUP BY ALL
),

final AS (
    SELECT
        series.* EXCLUDE (series_index),
        dataset,
        task,
        clicks,
        cluster,
        clusters,
        few_tasks,
        CASE WHEN behind < clicks THEN behind + 1 END AS crossing,
        median AS median_crossing,
        low AS low_crossing,
        high AS high_crossing,
        without,
        CASE
            WHEN ahead = 'of' AND model = baseline THEN format('{} ({}, {})', model, protocol, mask_choice)
            WHEN ahead = 'of' THEN model
            WHEN ahead = 'minus' AND model = baseline
                THEN format('{} ({}, {})', baseline, baseline_protocol, baseline_choice)
            WHEN ahead = 'minus' THEN baseline
        END AS ahead,
        ahead_from
    FROM course
    INNER JOIN series USING (series_index)
    LEFT JOIN crossings
        ON
            course.series_index = crossings.series_index
            AND course.task_index IS NOT DISTINCT FROM crossings.task_index
    LEFT JOIN (SELECT task_index, dataset, task FROM tasks) AS tasks ON course.task_index = tasks.task_index
    WHERE known_clicks = clicks
)

SELECT * FROM final
ORDER BY contrast, model, protocol, mask_choice, seed, baseline_protocol, baseline_choice, baseline_seed, dataset NULLS FIRST, task
