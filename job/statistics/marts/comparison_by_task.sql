-- One row per contrast x task x run x step: IoU on the objects that both sides saw, within a seed.
-- contrast: its name, such as `sam minus ritm`. kind: `compare` or `contrast` of the spec; `regret`, the best of three masks
-- against the one that the model chose; `pair`, all pairs of three or more models. baseline, baseline_prompt, baseline_protocol, baseline_choice,
-- baseline_seed, baseline_step: the side that is subtracted. model_iou, baseline_iou: means, 0 to 1. mean_difference:
-- model minus baseline, mean over objects; low, high: its interval; not_inferior: share of resamples in which it is above
-- minus the margin of the spec. seen_by: whose weights were trained on the task's data set: `model`, `baseline`, `both`, else
-- null: then the row does not compare them on data that are new to both. won: share of objects on which the model is better, ties counting half.
-- p: sign flips by cluster, at named steps; p_holm: Holm over the tasks of one contrast, run and step. A second estimand, on
-- the means of clusters: cluster_mean_difference, nonzero_differences (how many are not zero), wilcoxon_p (Wilcoxon
-- signed-rank), rank_biserial (-1 to 1).
WITH

means AS (
    SELECT
        task_index,
        pair_index,
        CAST(sum(of_iou) AS DOUBLE) / sum(objects) AS model_iou,
        CAST(sum(minus_iou) AS DOUBLE) / sum(objects) AS baseline_iou,
        (sum(wins) + 0.5 * sum(ties)) / sum(objects) AS won
    FROM pair_sums
    GROUP BY ALL
),

final AS (
    SELECT
        sides.* EXCLUDE (pair_index, series_index),
        tasks.dataset,
        tasks.task,
        CASE
            WHEN ours.dataset IS NOT NULL AND theirs.dataset IS NOT NULL THEN 'both'
            WHEN ours.dataset IS NOT NULL THEN 'model'
            WHEN theirs.dataset IS NOT NULL THEN 'baseline'
        END AS seen_by,
        cells.objects,
        cluster,
        clusters,
        model_iou,
        baseline_iou,
        mean AS mean_difference,
        low,
        high,
        lost_resamples,
        not_inferior,
        won,
        p,
        p_holm,
        cluster_mean_difference,
        nonzero_differences,
        wilcoxon_p,
        rank_biserial
    FROM cells
    INNER JOIN rows_over_tasks USING (over_tasks)
    INNER JOIN sides ON rows_over_tasks.pair_index = sides.pair_index
    INNER JOIN tasks USING (task_index)
    INNER JOIN means ON sides.pair_index = means.pair_index AND cells.task_index = means.task_index
    LEFT JOIN seen_datasets AS ours ON tasks.dataset = ours.dataset AND sides.run.model = ours.model
    LEFT JOIN seen_datasets AS theirs ON tasks.dataset = theirs.dataset AND sides.baseline = theirs.model
    LEFT JOIN intervals USING (over_tasks, task_index)
    LEFT JOIN tests USING (over_tasks, task_index)
    WHERE measure = 'iou'
)

SELECT run.*, * EXCLUDE (run) FROM final
ORDER BY contrast, run, step, baseline_step, dataset, task
