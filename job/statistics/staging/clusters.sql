-- One row per cohort x cluster, numbered from 0 within its cohort in the order of their names.
WITH

named AS (
    SELECT DISTINCT cohort, patient
    FROM objects
    INNER JOIN tasks USING (dataset, task)
)

SELECT cohort, patient, dense_rank() OVER (PARTITION BY cohort ORDER BY patient) - 1 AS cluster_index
FROM named
