-- One row per data set: its number, and how many patients it has.
SELECT dataset_index, dataset, count(*) AS patients
FROM patients
GROUP BY ALL
ORDER BY dataset_index
