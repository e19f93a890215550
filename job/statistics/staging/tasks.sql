-- One row per task of a data set, numbered from 0 in the order of their names.
-- cohort: the data sets that share patients, and with them the draws. cluster: what the bootstrap draws: `patient` where
-- the spec names patients, else `volume` or `image`.
WITH

data_sets AS (
    SELECT dataset, any_value(modality) AS modality, bool_or(axis <> 'none') AS has_volumes
    FROM objects
    GROUP BY dataset
),

final AS (
    SELECT
        row_number() OVER (ORDER BY dataset, task) - 1 AS task_index,
        dataset,
        task,
        modality,
        coalesce(cohort, dataset) AS cohort,
        CASE WHEN coalesce(has_patients, FALSE) THEN 'patient' WHEN has_volumes THEN 'volume' ELSE 'image' END AS cluster
    FROM (SELECT DISTINCT dataset, task FROM objects)
    INNER JOIN data_sets USING (dataset)
    LEFT JOIN study_datasets USING (dataset)
)

SELECT * FROM final
ORDER BY task_index
