-- One row per model x protocol x mask_choice x seed x task x IoU level, and one over tasks (dataset and task null): the
-- number of clicks to reach the level. measure: its name with limit and level, such as NoC20@90. clicks: the limit, how many
-- were made. noc: mean over objects; an object that never reached the level counts as the limit, and one that the box
-- brought there, where the protocol begins with one, as 0 clicks; low, high: its interval. never_reached: objects that never
-- reached the level. reached_limit: objects that count as the limit, success on the last click included (the published
-- habit). cluster, clusters: as in task_scores. Over tasks, there is an interval only where every task has one.
WITH

counted AS (
    SELECT
        run_index,
        level,
        task_index,
        any_value(clicks) AS clicks,
        count(*) FILTER (first_click IS NULL) AS never_reached,
        count(*) FILTER (coalesce(first_click, clicks) = clicks) AS reached_limit
    FROM level_clicks
    GROUP BY GROUPING SETS ((run_index, level, task_index), (run_index, level))
),

means AS (
    SELECT over_tasks, task_index, objects, cluster, clusters, mean, low, high
    FROM cells
    INNER JOIN tasks USING (task_index)
    LEFT JOIN intervals USING (over_tasks, task_index)
    UNION ALL
    SELECT means_over_tasks.over_tasks, NULL, objects, cluster, clusters, mean, whole.low, whole.high
    FROM means_over_tasks
    LEFT JOIN overall_intervals AS whole ON means_over_tasks.over_tasks = whole.over_tasks AND few_tasks IS NULL
),

final AS (
    SELECT
        runs.run,
        measure,
        level,
        dataset,
        task,
        counted.clicks,
        means.objects,
        means.cluster,
        means.clusters,
        means.mean AS noc,
        means.low,
        means.high,
        never_reached,
        reached_limit
    FROM counted
    INNER JOIN runs ON counted.run_index = runs.run_index
    INNER JOIN rows_over_tasks
        ON
            counted.run_index = rows_over_tasks.run_index
            AND rows_over_tasks.measure = 'NoC' || counted.clicks || '@' || percent(level)
    INNER JOIN means
        ON
            rows_over_tasks.over_tasks = means.over_tasks
            AND counted.task_index IS NOT DISTINCT FROM means.task_index
    LEFT JOIN tasks ON counted.task_index = tasks.task_index
)

SELECT run.* EXCLUDE (prompt), * EXCLUDE (run) FROM final
ORDER BY run, level, dataset NULLS FIRST, task
