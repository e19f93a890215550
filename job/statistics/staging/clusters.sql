-- One row per cohort x cluster, both numbered from 0 in the order of their names; clusters within their cohort.
WITH

named AS (
    SELECT DISTINCT cohort, patient
    FROM objects
    INNER JOIN tasks USING (dataset, task)
)

SELECT
    cohort,
    patient,
    dense_rank() OVER (ORDER BY cohort) - 1 AS cohort_index,
    dense_rank() OVER (PARTITION BY cohort ORDER BY patient) - 1 AS cluster_index
FROM named
