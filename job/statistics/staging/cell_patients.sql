-- One row per cell x patient, with the patient's number within its data set, from 0 in the order of names.
WITH

patients AS (
    SELECT dataset, patient, dense_rank() OVER (PARTITION BY dataset ORDER BY patient) - 1 AS patient_index
    FROM (SELECT DISTINCT dataset, patient FROM objects)
),

final AS (
    SELECT cells.cell, cells.dataset_index, patients.patient_index, patient_sums.objects, patient_sums.total
    FROM patient_sums
    INNER JOIN cells USING (measure, dataset, task, model, baseline, prompt, protocol, mask_choice, step)
    INNER JOIN patients USING (dataset, patient)
)

SELECT * FROM final
ORDER BY cell, patient_index
