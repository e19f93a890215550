-- One row per run x step, at the first and the last step: Spearman's rho of object size (share of the image) and IoU over
-- all objects. clusters: patients, or images. low, high: bootstrap by cluster, with the ranks of the whole sample; null
-- below two clusters.
WITH

counts AS (
    SELECT ranking, run, step, CAST(sum(n) AS BIGINT) AS objects, count(*) AS clusters
    FROM size_moments
    GROUP BY ALL
),

final AS (
    SELECT run, step, objects, clusters, rho, low, high
    FROM counts
    INNER JOIN size_rho USING (ranking)
)

SELECT run.*, * EXCLUDE (run) FROM final
ORDER BY run, step
