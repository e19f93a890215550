-- One row per measure of this study: what its numbers are. unit: of the mean. higher_is_better: null where neither is. over:
-- what the mean is over. object_values: what an object can have, `0 or 1`, `0 to 1` or `any`.
SELECT measure, unit, higher_is_better, over, object_values
FROM measure_kinds
ORDER BY measure
