-- One row per pair of models x prompt x protocol x mask choice x seed x named step, in a study of three or more models:
-- which pairs differ over tasks. mean_difference, low, high, p, few_tasks: model minus baseline, as in comparison_overall.
-- p_holm: Holm over the pairs.
WITH

pairs_of_models AS (
    SELECT DISTINCT
        ours.group_index,
        ours.prompt,
        ours.protocol,
        ours.mask_choice,
        ours.seed,
        ours.step,
        ours.model,
        theirs.model AS baseline,
        rows_over_tasks.over_tasks
    FROM rank_groups AS ours
    INNER JOIN rank_groups AS theirs USING (group_index)
    INNER JOIN pairs
        ON
            ours.run_index = pairs.of_run
            AND theirs.run_index = pairs.minus_run
            AND ours.step = pairs.of_step
            AND theirs.step = pairs.minus_step
            AND pairs.kind IN ('compare', 'pair')
    INNER JOIN rows_over_tasks ON pairs.pair_index = rows_over_tasks.pair_index AND rows_over_tasks.measure = 'iou'
),

placed AS (
    SELECT
        *,
        count(p) OVER (PARTITION BY group_index) AS tests,
        row_number() OVER (PARTITION BY group_index ORDER BY p NULLS LAST, over_tasks) AS place
    FROM pairs_of_models
    INNER JOIN means_over_tasks USING (over_tasks)
    LEFT JOIN overall_intervals USING (over_tasks)
    LEFT JOIN overall_tests USING (over_tasks)
)

SELECT
    prompt,
    protocol,
    mask_choice,
    seed,
    step,
    model,
    baseline,
    tasks,
    objects,
    cluster,
    clusters,
    mean AS mean_difference,
    low,
    high,
    few_tasks,
    p,
    CASE
        WHEN p IS NOT NULL
            THEN least(1, max((tests - place + 1) * p) OVER (PARTITION BY group_index ORDER BY place))
    END AS p_holm
FROM placed
ORDER BY prompt, protocol, mask_choice, seed, step, model, baseline
