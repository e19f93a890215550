-- One row per measure x run x step: a row over tasks, numbered from 0 in the order of its key.
WITH

keys AS (
    SELECT DISTINCT measure, run, step FROM patient_sums
)

SELECT row_number() OVER (ORDER BY measure, run, step) - 1 AS overall, * FROM keys
ORDER BY overall
