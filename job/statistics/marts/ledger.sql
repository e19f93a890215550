-- One row per data set x kind x reason: how much was left out, or used with a remark, and why.
-- `empty`: the object is not in the image. `error`: could not be used. `warning`: used, with a remark.
WITH

final AS (
    SELECT
        dataset,
        kind,
        reason,
        count(*) AS lines,
        min(detail) AS example
    FROM excluded
    GROUP BY ALL
)

SELECT * FROM final
ORDER BY dataset, kind, reason
