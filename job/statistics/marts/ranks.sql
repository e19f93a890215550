-- One row per model x prompt x protocol x mask choice x seed x named step, where three or more models can be ranked by
-- their mean IoU over the tasks that have an interval.
-- place: 1 for the highest mean; equal means share the mean of their places. low, high: its interval, from the same draws
-- as those of the means. best: share of resamples in which the model is first. cluster, clusters: as in
-- task_scores; few_tasks: the tasks with too few clusters, which have no part in the mean.
SELECT
    prompt,
    protocol,
    mask_choice,
    seed,
    step,
    model,
    cluster,
    clusters,
    few_tasks,
    rank AS place,
    low,
    high,
    best
FROM resampled_ranks
INNER JOIN rank_groups USING (group_index, over_tasks)
INNER JOIN means_over_tasks USING (over_tasks)
ORDER BY prompt, protocol, mask_choice, seed, step, place, model
