-- One row per object x run x step x metric of the masks: its value and unit, under the numbers of object, task, cluster and run. An
-- empty prediction has no distance and no row of one.
SELECT object, task_index, cluster_index, run_index, step, metric, unit, value
FROM boundary
INNER JOIN numbered_objects USING (dataset, image, axis, slice, task)
INNER JOIN runs USING (model, prompt, protocol, mask_choice, seed)
ANTI JOIN stopped_steps USING (task_index, run_index, step)
WHERE value IS NOT NULL
