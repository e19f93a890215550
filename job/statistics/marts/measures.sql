-- One row per measure of this study: what its numbers are. unit: of the mean. higher_is_better: null where neither is. over:
-- what the mean is over. lowest, highest: what an object can have; null where that is not known.
SELECT
    measure,
    unit,
    higher_is_better,
    over,
    CASE WHEN isfinite(lowest) THEN lowest END AS lowest,
    CASE WHEN isfinite(highest) THEN highest END AS highest
FROM measure_kinds
ORDER BY measure
