-- One row per data set: how many patients it has, and its number in the order of names, from 0.
WITH

final AS (
    SELECT dataset, count(DISTINCT patient) AS patients
    FROM objects
    GROUP BY dataset
)

SELECT dense_rank() OVER (ORDER BY dataset) - 1 AS dataset_index, * FROM final
ORDER BY dataset_index
