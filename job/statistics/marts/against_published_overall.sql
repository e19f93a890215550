-- One row per run x step of a model beside its published column: means over the tasks that both have.
-- difference: ours minus published; absolute_difference: mean of its absolute values. rank_correlation: Spearman's rho of
-- the task means, null below three tasks. A step at which trajectories had stopped at a target IoU has no row.
WITH

stopped AS (
    SELECT run, step
    FROM stopped_steps
    INNER JOIN runs USING (run_index)
),

ranked AS (
    SELECT
        *,
        run_of(t) AS run,
        average_rank(mean_iou, (run_of(t), step)) AS our_rank,
        average_rank(published_iou, (run_of(t), step)) AS their_rank
    FROM against_published AS t
),

final AS (
    SELECT
        run,
        published,
        step,
        count(*) AS tasks,
        exact_mean(mean_iou) AS mean_iou,
        exact_mean(published_iou) AS published_iou,
        exact_mean(difference) AS difference,
        exact_mean(abs(difference)) AS absolute_difference,
        CASE WHEN count(*) >= 3 THEN corr(our_rank, their_rank ORDER BY dataset, task) END AS rank_correlation
    FROM ranked
    ANTI JOIN stopped USING (run, step)
    GROUP BY ALL
)

SELECT run.*, * EXCLUDE (run) FROM final
ORDER BY run, step
