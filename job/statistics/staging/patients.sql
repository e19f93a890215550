-- One row per data set x patient, both numbered from 0 in the order of their names; patients within their data set.
WITH

final AS (
    SELECT
        dataset,
        patient,
        dense_rank() OVER (ORDER BY dataset) - 1 AS dataset_index,
        dense_rank() OVER (PARTITION BY dataset ORDER BY patient) - 1 AS patient_index
    FROM (SELECT DISTINCT dataset, patient FROM objects)
)

SELECT * FROM final
