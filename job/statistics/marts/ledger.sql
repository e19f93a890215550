-- One row per data set x kind x reason: how many lines of the ledger, with the detail of one as an example.
-- kind: `empty` (the object is not in the image), `error` (could not be used) or `warning` (used, with a remark).
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
