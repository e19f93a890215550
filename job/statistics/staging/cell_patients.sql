-- One row per cell x patient, with the patient's number within its data set, from 0 in the order of names.
WITH

final AS (
    SELECT cells.cell, cells.dataset_index, patients.patient_index, patient_sums.objects, patient_sums.total
    FROM patient_sums
    INNER JOIN cells USING (measure, dataset, task, model, baseline, prompt, protocol, mask_choice, step)
    INNER JOIN patients USING (dataset, patient)
)

SELECT * FROM final
ORDER BY cell, patient_index
