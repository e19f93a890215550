-- One row per task x run x step: model against baseline on the objects that both saw, within a seed.
-- baseline, baseline_choice: the baseline and its mask choice. model_iou, baseline_iou: means, 0 to 1. mean_difference:
-- model minus baseline, mean over objects; low, high: its interval, a percentile bootstrap by cluster. won: share of
-- objects on which the model is better, ties counting half. few_patients: fewer than ten clusters.
-- A second estimand, on the means of clusters: patient_mean_difference, nonzero_differences (how many are not zero), p
-- (Wilcoxon signed-rank), rank_biserial (-1 to 1), p_holm (Holm over the tasks of one run and step).
WITH

described AS (
    SELECT
        'difference' AS measure,
        dataset,
        task,
        run,
        step,
        count(*) AS objects,
        count(DISTINCT patient) AS patients,
        exact_mean(model_iou) AS model_iou,
        exact_mean(baseline_iou) AS baseline_iou,
        exact_mean(difference) AS mean_difference,
        (count(*) FILTER (difference > 0) + 0.5 * count(*) FILTER (difference = 0)) / count(*) AS won
    FROM pairs
    GROUP BY ALL
),

-- Holm 1979: the i-th smallest of m p-values times (m - i + 1), never below the one before it.
tested AS (
    SELECT
        *,
        count(p) OVER (PARTITION BY run, step) AS tests_in_family,
        row_number() OVER (PARTITION BY run, step ORDER BY p NULLS LAST, dataset, task) AS place
    FROM described
    INNER JOIN cells USING (measure, dataset, task, run, step)
    INNER JOIN cell_intervals USING (cell)
    INNER JOIN tests USING (cell)
),

final AS (
    SELECT
        run,
        baseline_run.model AS baseline,
        baseline_run.mask_choice AS baseline_choice,
        dataset,
        task,
        step,
        objects,
        patients,
        model_iou,
        baseline_iou,
        mean_difference,
        low,
        high,
        patients < 10 AS few_patients,
        won,
        patient_mean_difference,
        nonzero_differences,
        p,
        CASE
            WHEN p IS NOT NULL
                THEN least(1, max((tests_in_family - place + 1) * p) OVER (PARTITION BY run, step ORDER BY place))
        END AS p_holm,
        rank_biserial
    FROM tested
    INNER JOIN baseline_runs USING (run)
)

SELECT run.*, * EXCLUDE (run) FROM final
ORDER BY run, step, dataset, task
