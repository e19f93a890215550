-- One row per cohort: how many clusters it has.
SELECT cohort, count(*) AS clusters
FROM clusters
GROUP BY cohort
ORDER BY cohort
