-- One row per data set x patient, numbered from 0 in the order of their names.
WITH

final AS (
    SELECT dataset, patient, dense_rank() OVER (PARTITION BY dataset ORDER BY patient) - 1 AS patient_index
    FROM (SELECT DISTINCT dataset, patient FROM objects)
)

SELECT * FROM final
