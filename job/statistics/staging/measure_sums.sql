-- One row per measure x stratum x task x run (or pair) x step x cluster: the sums that a cluster bootstrap needs.
-- stratum: '' for all objects. run_index: null for differences. pair_index: null for means. objects: what the mean is
-- over: objects, volumes or patients.
SELECT 'iou' AS measure, '' AS stratum, task_index, run_index, NULL AS pair_index, step, cluster_index, objects, iou AS total
FROM step_sums
UNION ALL
SELECT 'dice', '', task_index, run_index, NULL, step, cluster_index, objects, dice
FROM step_sums
UNION ALL
SELECT 'failures', '', task_index, run_index, NULL, step, cluster_index, objects, failures
FROM step_sums
UNION ALL
SELECT 'sensitivity', '', task_index, run_index, NULL, step, cluster_index, objects, sensitivity
FROM step_sums
UNION ALL
SELECT 'precision', '', task_index, run_index, NULL, step, cluster_index, precision_objects, precision_sum
FROM step_sums
WHERE precision_objects > 0
UNION ALL
SELECT 'predicted-bias', '', task_index, run_index, NULL, step, cluster_index, predicted_objects, predicted_bias
FROM step_sums
WHERE predicted_objects > 0
UNION ALL
SELECT 'predicted-error', '', task_index, run_index, NULL, step, cluster_index, predicted_objects, predicted_error
FROM step_sums
WHERE predicted_objects > 0
UNION ALL
SELECT 'patient-iou', '', task_index, run_index, NULL, step, cluster_index, 1, exact(CAST(iou AS DOUBLE) / objects)
FROM step_sums
INNER JOIN tasks USING (task_index)
WHERE cluster = 'patient'
UNION ALL
SELECT 'volume-iou', '', task_index, run_index, NULL, step, cluster_index, volumes, iou
FROM volume_sums
UNION ALL
SELECT 'volume-dice', '', task_index, run_index, NULL, step, cluster_index, volumes, dice
FROM volume_sums
UNION ALL
SELECT 'iou', 'modality ' || modality, task_index, run_index, NULL, step, cluster_index, objects, iou
FROM step_sums
INNER JOIN tasks USING (task_index)
UNION ALL
SELECT 'iou', stratum, task_index, run_index, NULL, step, cluster_index, objects, iou
FROM stratum_sums
UNION ALL
SELECT measure, '', task_index, run_index, NULL, clicks, cluster_index, objects, total
FROM trajectory_sums
UNION ALL
SELECT 'iou', '', task_index, NULL, pair_index, of_step, cluster_index, objects, iou
FROM pair_sums
INNER JOIN pairs USING (pair_index)
UNION ALL
SELECT 'dice', '', task_index, NULL, pair_index, of_step, cluster_index, objects, dice
FROM pair_sums
INNER JOIN pairs USING (pair_index)
UNION ALL
SELECT 'failures', '', task_index, NULL, pair_index, of_step, cluster_index, objects, failures
FROM pair_sums
INNER JOIN pairs USING (pair_index)
UNION ALL
SELECT 'sensitivity', '', task_index, NULL, pair_index, of_step, cluster_index, objects, sensitivity
FROM pair_sums
INNER JOIN pairs USING (pair_index)
UNION ALL
SELECT 'precision', '', task_index, NULL, pair_index, of_step, cluster_index, precision_objects, precision_sum
FROM pair_sums
INNER JOIN pairs USING (pair_index)
WHERE precision_objects > 0
UNION ALL
SELECT measure, '', task_index, NULL, pair_index, of_step, cluster_index, objects, total
FROM pair_trajectory_sums
INNER JOIN pairs USING (pair_index)
UNION ALL
SELECT metric, '', task_index, run_index, pair_index, step, cluster_index, objects, total
FROM boundary_sums
UNION ALL
SELECT 'seed-sd', '', task_index, run_index, pair_index, step, cluster_index, objects, sd
FROM spread_sums
UNION ALL
SELECT 'seed-range', '', task_index, run_index, pair_index, step, cluster_index, objects, spread
FROM spread_sums
UNION ALL
SELECT 'worst-seed-iou', '', task_index, run_index, pair_index, step, cluster_index, objects, lowest
FROM spread_sums
