-- One row per row over tasks x task x cluster: a cluster's sums under the numbers of all three, in their order. The order
-- decides the last bit of an interval: keep it.
SELECT over_tasks, task_index, cluster_index, measure_sums.objects, measure_sums.total
FROM measure_sums
INNER JOIN rows_over_tasks
    ON
        measure_sums.measure = rows_over_tasks.measure
        AND measure_sums.stratum = rows_over_tasks.stratum
        AND measure_sums.step = rows_over_tasks.step
        AND measure_sums.run_index IS NOT DISTINCT FROM rows_over_tasks.run_index
        AND measure_sums.pair_index IS NOT DISTINCT FROM rows_over_tasks.pair_index
ORDER BY over_tasks, task_index, cluster_index
