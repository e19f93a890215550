-- One row per cell x patient: the patient's sums under the numbers of both.
WITH

final AS (
    SELECT cells.cell, cells.dataset_index, patients.patient_index, patient_sums.objects, patient_sums.total
    FROM patient_sums
    INNER JOIN cells USING (measure, dataset, task, run, step)
    INNER JOIN patients USING (dataset, patient)
)

SELECT * FROM final
ORDER BY cell, patient_index
