-- One row per measure x task x run x step x patient: what a cluster bootstrap by patient needs to know.
-- A run is model x prompt x protocol x mask_choice. measure: `iou`, or `difference` (model minus baseline; else '').
-- Sums are exact decimals, so that no figure changes with the order of rows.
WITH

measured AS (
    SELECT 'iou' AS measure, dataset, task, model, '' AS baseline, prompt, protocol, mask_choice, step, patient, iou AS value
    FROM scores
    UNION ALL
    SELECT 'difference', dataset, task, model, baseline, prompt, protocol, mask_choice, step, patient, difference
    FROM pairs
),

final AS (
    SELECT
        measure,
        dataset,
        task,
        model,
        baseline,
        prompt,
        protocol,
        mask_choice,
        step,
        patient,
        count(*) AS objects,
        CAST(sum(CAST(value AS DECIMAL(38, 12))) AS DOUBLE) AS total
    FROM measured
    GROUP BY ALL
)

SELECT * FROM final
