-- One row per measure x task x run x step: a cell, with the number of the row over tasks that it belongs to.
-- cell and overall count from 0 in the order of their keys; dataset_index is that of dataset_patients.
WITH

keys AS (
    SELECT measure, dataset, task, model, baseline, prompt, protocol, mask_choice, step, count(*) AS patients
    FROM patient_sums
    GROUP BY ALL
),

final AS (
    SELECT
        row_number() OVER (
            ORDER BY dataset, measure, task, model, baseline, prompt, protocol, mask_choice, step
        ) - 1 AS cell,
        dense_rank() OVER (ORDER BY measure, model, baseline, prompt, protocol, mask_choice, step) - 1 AS overall,
        dataset_patients.dataset_index,
        keys.*
    FROM keys
    INNER JOIN dataset_patients USING (dataset)
)

SELECT * FROM final
ORDER BY cell
