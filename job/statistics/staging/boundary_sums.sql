-- One row per metric of the masks x task x run (or pair) x step x cluster: sums over the cluster's objects; differences are
-- over the objects of which both sides have a value.
SELECT metric, task_index, run_index, NULL AS pair_index, step, cluster_index, count(*) AS objects, sum(exact(value)) AS total
FROM boundary_values
GROUP BY ALL
UNION ALL
SELECT
    ours.metric,
    ours.task_index,
    NULL,
    pair_index,
    of_step,
    ours.cluster_index,
    count(*),
    sum(exact(ours.value) - exact(theirs.value))
FROM boundary_values AS ours
INNER JOIN pairs ON ours.run_index = pairs.of_run AND ours.step = pairs.of_step
INNER JOIN boundary_values AS theirs
    ON
        ours.object = theirs.object
        AND ours.metric = theirs.metric
        AND pairs.minus_run = theirs.run_index
        AND pairs.minus_step = theirs.step
GROUP BY ALL
