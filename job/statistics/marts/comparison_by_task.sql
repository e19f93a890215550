-- One row per task x prompt x protocol x mask_choice x step: model against baseline on the objects that both saw.
-- mean_difference: IoU of the model minus IoU of the baseline, mean over objects; low, high: its interval, a bootstrap
-- by cluster. won: share of objects on which the model is better, ties counting half.
-- A second estimand, on the means of clusters: patient_mean_difference, p (Wilcoxon signed-rank), p_holm (Holm over the
-- tasks of one model, mask choice, protocol, prompt and step), rank_biserial (-1 to 1).
WITH

described AS (
    SELECT
        dataset,
        task,
        model,
        baseline,
        prompt,
        protocol,
        mask_choice,
        min(baseline_choice) AS baseline_choice,
        step,
        count(*) AS objects,
        count(DISTINCT patient) AS patients,
        CAST(sum(CAST(model_iou AS DECIMAL(38, 12))) AS DOUBLE) / count(*) AS model_iou,
        CAST(sum(CAST(baseline_iou AS DECIMAL(38, 12))) AS DOUBLE) / count(*) AS baseline_iou,
        CAST(sum(CAST(difference AS DECIMAL(38, 12))) AS DOUBLE) / count(*) AS mean_difference,
        (count(*) FILTER (difference > 0) + 0.5 * count(*) FILTER (difference = 0)) / count(*) AS won
    FROM pairs
    GROUP BY ALL
),

tested AS (
    SELECT *
    FROM described
    INNER JOIN difference_intervals USING (dataset, task, model, baseline, prompt, protocol, mask_choice, step)
    INNER JOIN tests USING (dataset, task, model, baseline, prompt, protocol, mask_choice, step)
),

-- Holm 1979: the i-th smallest of m p-values times (m - i + 1), never below the one before it.
ranked AS (
    SELECT
        *,
        count(p) OVER family AS tests_in_family,
        row_number() OVER (family ORDER BY p NULLS LAST, dataset, task) AS place
    FROM tested
    WINDOW family AS (PARTITION BY model, baseline, prompt, protocol, mask_choice, step)
),

final AS (
    SELECT
        * EXCLUDE (tests_in_family, place),
        CASE
            WHEN p IS NOT NULL
                THEN least(1, max((tests_in_family - place + 1) * p) OVER (
                    PARTITION BY model, baseline, prompt, protocol, mask_choice, step
                    ORDER BY place
                ))
        END AS p_holm,
        patients < 10 AS few_patients
    FROM ranked
)

SELECT * FROM final
ORDER BY model, protocol, mask_choice, prompt, step, dataset, task
