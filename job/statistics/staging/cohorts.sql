-- One row per cohort: its number, and how many clusters it has.
SELECT cohort_index, cohort, count(*) AS clusters
FROM clusters
GROUP BY ALL
ORDER BY cohort_index
