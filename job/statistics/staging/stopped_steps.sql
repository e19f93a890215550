-- One row per task x run x step at which a trajectory had ended at its target IoU. It has no mean: only the number of
-- clicks needed can be told from it.
SELECT DISTINCT task_index, run_index, step
FROM scores
WHERE stopped
