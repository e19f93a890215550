-- One row per measure x contrast x task x run x step: the mean of the paired differences of every measure, `of` minus
-- `minus`, on the objects that both saw. baseline, baseline_prompt, baseline_protocol, baseline_choice, baseline_seed and
-- baseline_step: the side that is subtracted. low, high: as in task_scores. seed, baseline_seed: null for measures of all
-- seeds together.
-- p: sign flips by cluster, of IoU at named steps and of the area under the curve (AUC); p_holm: Holm over the tasks of one
-- measure, contrast, run and step.
WITH

final AS (
    SELECT
        sides.* EXCLUDE (pair_index, series_index),
        measure,
        dataset,
        task,
        objects,
        cluster,
        clusters,
        mean AS mean_difference,
        low,
        high,
        lost_resamples,
        p,
        p_holm
    FROM cells
    INNER JOIN rows_over_tasks USING (over_tasks)
    INNER JOIN sides ON rows_over_tasks.pair_index = sides.pair_index
    INNER JOIN tasks USING (task_index)
    LEFT JOIN intervals USING (over_tasks, task_index)
    LEFT JOIN tests USING (over_tasks, task_index)
)

SELECT
    run.* REPLACE (seed_of(run.seed, measure) AS seed),
    * EXCLUDE (run) REPLACE (seed_of(baseline_seed, measure) AS baseline_seed)
FROM final
ORDER BY contrast, run, measure, step, baseline_step, dataset, task
