-- One row per measure x task x run x step x patient: the sums that a cluster bootstrap by patient needs.
-- measure: `iou`, or `difference` (model minus baseline). total: sum over the patient's objects.
WITH

measured AS (
    SELECT 'iou' AS measure, dataset, task, run, step, patient, iou AS value
    FROM scores
    UNION ALL
    SELECT 'difference' AS measure, dataset, task, run, step, patient, difference AS value
    FROM pairs
),

final AS (
    SELECT measure, dataset, task, run, step, patient, count(*) AS objects, exact_sum(value) AS total
    FROM measured
    GROUP BY ALL
)

SELECT * FROM final
