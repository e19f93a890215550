-- One row per run of either output that no run of the other is the counterpart of.
SELECT run.*
FROM runs
ANTI JOIN (SELECT of_run AS run_index FROM pairs UNION SELECT minus_run FROM pairs) USING (run_index)
ORDER BY run
