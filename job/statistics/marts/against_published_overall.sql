-- One row per prompt x protocol x mask_choice x step of a model beside its published column: over the tasks that both
-- have. rank_correlation: Spearman's rho of the task means, null below three tasks.
WITH

ranked AS (
    SELECT
        *,
        rank() OVER ours + (count(*) OVER same_ours - 1) / 2 AS our_rank,
        rank() OVER theirs + (count(*) OVER same_theirs - 1) / 2 AS their_rank
    FROM against_published
    WINDOW
        ours AS (PARTITION BY model, published, prompt, protocol, mask_choice, step ORDER BY mean_iou),
        same_ours AS (PARTITION BY model, published, prompt, protocol, mask_choice, step, mean_iou),
        theirs AS (PARTITION BY model, published, prompt, protocol, mask_choice, step ORDER BY published_iou),
        same_theirs AS (PARTITION BY model, published, prompt, protocol, mask_choice, step, published_iou)
),

final AS (
    SELECT
        model,
        published,
        prompt,
        protocol,
        mask_choice,
        step,
        count(*) AS tasks,
        CAST(sum(CAST(mean_iou AS DECIMAL(38, 12))) AS DOUBLE) / count(*) AS mean_iou,
        CAST(sum(CAST(published_iou AS DECIMAL(38, 12))) AS DOUBLE) / count(*) AS published_iou,
        CAST(sum(CAST(difference AS DECIMAL(38, 12))) AS DOUBLE) / count(*) AS difference,
        CAST(sum(CAST(abs(difference) AS DECIMAL(38, 12))) AS DOUBLE) / count(*) AS absolute_difference,
        CASE WHEN count(*) >= 3 THEN corr(our_rank, their_rank) END AS rank_correlation
    FROM ranked
    GROUP BY ALL
)

SELECT * FROM final
ORDER BY model, protocol, mask_choice, prompt, step
